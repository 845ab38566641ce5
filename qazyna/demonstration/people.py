"""Who works with Qazyna in the oblast: at least one person in every role, all with the same password."""

from dataclasses import dataclass

from erp.base.i18n import N_, Language
from erp.reference.access.model import Role

PASSWORD = "qazyna-demo"  # noqa: S105  (a demonstration that everybody may enter)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to enter the demonstration; ``who`` is a message to translate."""

    login: str
    password: str
    who: str


@dataclass(frozen=True, slots=True)
class Person:
    """A user; grants are roles at organisations, by the English name."""

    login: str
    name: str
    language: Language
    grants: tuple[tuple[Role, str], ...]
    who: str


_OBLAST = "Sarydala oblast"
_EDUCATION = "Education Department of Sarydala oblast"
_FINANCE = "Finance Department of Sarydala oblast"
_ECONOMY = "Economy and Budget Planning Department of Sarydala oblast"
_ROADS = "Passenger Transport and Roads Department of Sarydala oblast"
_OFFICE = "Accounting Service Centre for Education"
_LYCEUM = "School-Lyceum No. 1"


def _accountant(*organisations: str) -> tuple[tuple[Role, str], ...]:
    return tuple((Role.ACCOUNTANT, name) for name in organisations)


def _only_accountant(*organisations: str) -> tuple[tuple[Role, str], ...]:
    """Where there is no other, the accountant is the chief one too."""
    return tuple((Role.CHIEF_ACCOUNTANT, name) for name in organisations)


PEOPLE = (
    Person(
        "aigul",
        "Айгүл Нұрланова",
        Language.KK,
        _accountant("Besterek Basic School"),
        N_("accountant of one school"),
    ),
    Person(
        "erlan",
        "Ерлан Ахметов",
        Language.RU,
        ((Role.CHIEF_ACCOUNTANT, _OFFICE),),
        N_("chief accountant of an office that serves four schools"),
    ),
    Person(
        "dinara",
        "Динара Сапарова",
        Language.RU,
        _accountant(_OFFICE),
        N_("accountant of the same office"),
    ),
    Person(
        "svetlana",
        "Светлана Ким",
        Language.RU,
        (*_accountant(_LYCEUM), (Role.CHIEF_ACCOUNTANT, _EDUCATION)),
        N_("chief accountant of the education department and all its schools, accountant of one of them"),
    ),
    Person(
        "madina",
        "Мадина Оспанова",
        Language.RU,
        _accountant(
            "School-Gymnasium No. 4",
            "Baldauren Special Kindergarten",
            "Boarding School for Children Gifted in Sport",
            _LYCEUM,
        ),
        N_("accountant of a gymnasium, a lyceum, a kindergarten and a boarding school"),
    ),
    Person(
        "raushan",
        "Раушан Әлімова",
        Language.KK,
        ((Role.CHIEF_ACCOUNTANT, _LYCEUM),),
        N_("deputy chief accountant, who checks the documents of a lyceum"),
    ),
    Person(
        "kairat",
        "Қайрат Тілеубаев",
        Language.KK,
        _only_accountant(_FINANCE, _ECONOMY, _ROADS),
        N_("chief accountant of three departments of the oblast"),
    ),
    Person(
        "bakyt",
        "Бақыт Есенғалиева",
        Language.KK,
        _only_accountant("Akim's Office of Zhanadala district", "Merei District House of Culture"),
        N_("chief accountant of two institutions of a district"),
    ),
    Person(
        "oksana",
        "Оксана Литвинова",
        Language.RU,
        _only_accountant(
            "Akim's Office of Koltogan district",
            "Koltogan District Library System",
            "Housing, Transport and Roads Division of Koltogan district",
            "Akim's Office of Besterek rural okrug",
        ),
        N_("chief accountant of four institutions of another district"),
    ),
    Person(
        "zarina",
        "Зарина Мұқанова",
        Language.KK,
        ((Role.CHIEF_ACCOUNTANT, "Koltogan district"),),
        N_("chief accountant of that district, who approves for its institutions"),
    ),
    Person("marat", "Марат Жүнісов", Language.KK, ((Role.TREASURER, _OBLAST),), N_("treasurer of the oblast")),
    Person(
        "gulnara",
        "Гульнара Исаева",
        Language.RU,
        ((Role.PLANNER, _OBLAST),),
        N_("budget planner"),
    ),
    Person("daniyar", "Данияр Омаров", Language.RU, ((Role.BUDGET_HEAD, _OBLAST),), N_("head of budget of the oblast")),
    Person("saule", "Сәуле Қасымова", Language.KK, ((Role.HR_OFFICER, _EDUCATION),), N_("HR officer")),
    Person("nurlan", "Нұрлан Әбдірахманов", Language.KK, ((Role.HR_HEAD, _EDUCATION),), N_("head of HR")),
    Person("zhanar", "Жанар Бектенова", Language.KK, ((Role.MANAGER, _LYCEUM),), N_("director of a school")),
    Person("timur", "Тимур Рахимов", Language.RU, ((Role.EMPLOYEE, _LYCEUM),), N_("teacher")),
    Person("asel", "Әсел Дүйсенова", Language.KK, ((Role.AUDITOR, _OBLAST),), N_("auditor, who reads all")),
    Person(
        "bolat",
        "Болат Сейітқали",
        Language.RU,
        ((Role.ADMINISTRATOR, "Republic of Kazakhstan"),),
        N_("administrator"),
    ),
)

SERVES = {
    "aigul": ("Besterek Basic School", "specialists"),
    "erlan": (_OFFICE, "leaders"),
    "dinara": (_OFFICE, "accountants"),
    "svetlana": (_EDUCATION, "accounts-head"),
    "madina": ("School-Gymnasium No. 4", "specialists"),
    "raushan": (_LYCEUM, "specialists"),
    "kairat": (_FINANCE, "accounts-head"),
    "bakyt": ("Akim's Office of Zhanadala district", "accounts-head"),
    "oksana": ("Akim's Office of Koltogan district", "accounts-head"),
    "zarina": ("Akim's Office of Koltogan district", "planning-head"),
    "marat": (_FINANCE, "planning-head"),
    "gulnara": (_ECONOMY, "planning"),
    "daniyar": (_ECONOMY, "leaders"),
    "saule": (_EDUCATION, "personnel"),
    "nurlan": (_EDUCATION, "personnel-head"),
    "zhanar": (_LYCEUM, "leaders"),
    "timur": (_LYCEUM, "teachers"),
    "asel": (_FINANCE, "planning"),
    "bolat": (_FINANCE, "planning"),
}
"""Where each is on the staff, and among whom: everybody has a record of their own there."""

SIGN_INS = tuple(SignIn(p.login, PASSWORD, p.who) for p in PEOPLE)
