"""What columns are called, and what stands in them by name: in three languages, as 1C and people write it."""

from collections.abc import Collection, Mapping

from erp.base.sheets.heads import fold
from erp.hr.personnel.model import ScheduleKind
from erp.hr.staffing.model import StaffGroup

HEADINGS: Mapping[str, Collection[str]] = {
    "name": (
        "фио", "ф.и.о.", "ф.и.о. сотрудника", "фио сотрудника", "фио работника", "фамилия имя отчество",
        "фамилия, имя, отчество (при наличии)", "сотрудник", "работник", "физическое лицо", "физлицо",
        "тегі аты әкесінің аты", "тегі, аты, әкесінің аты (бар болса)", "т.а.ә.", "аты-жөні", "қызметкер",
        "қызметкердің аты-жөні", "жұмыскер", "full name", "name", "employee", "person",
    ),
    "family": ("фамилия", "тегі", "family name", "last name", "surname"),
    "given": ("имя", "аты", "given name", "first name"),
    "patronymic": (
        "отчество", "отчество (при наличии)", "әкесінің аты", "әкесінің аты (бар болса)", "patronymic", "middle name",
    ),
    "birth_on": (
        "дата рождения", "день рождения", "родился", "туған күні", "туған күні, айы, жылы", "day of birth",
        "date of birth", "birth date", "birthday",
    ),
    "identity": (
        "иин", "жсн", "iin", "иин сотрудника", "индивидуальный идентификационный номер",
        "индивидуальный идентификационный номер (иин)", "жеке сәйкестендіру нөмірі", "жеке сәйкестендіру нөмірі (жсн)",
        "identity number", "identity number (iin)",
    ),
    "unit": (
        "подразделение", "структурное подразделение", "отдел", "управление", "департамент", "подразделение организации",
        "бөлімше", "құрылымдық бөлімше", "бөлім", "басқарма", "unit", "structural unit", "department",
    ),
    "above": (
        "вышестоящее подразделение", "головное подразделение", "подчиняется", "жоғары тұрған бөлімше", "бағынады",
        "unit above", "parent unit", "stands under",
    ),
    "post": (
        "должность", "штатная единица", "должность по штатному расписанию", "занимаемая должность", "лауазым",
        "лауазымы", "қызметі", "штат бірлігі", "position", "post", "job title",
    ),
    "category": (
        "категория", "категория должности", "санат", "санаты", "лауазым санаты", "лауазымның санаты", "category",
    ),
    "staff_group": (
        "группа персонала", "группа работников", "вид персонала", "персонал тобы", "қызметкерлер тобы", "staff group",
        "by which law they serve",
    ),
    "share": (
        "ставка", "доля ставки", "количество ставок", "кол-во ставок", "размер ставки", "занимаемая ставка",
        "ставка үлесі", "ставка саны", "share", "share of the post", "fte",
    ),
    "since": (
        "дата приема", "дата приема на работу", "дата назначения", "принят", "принят на работу", "дата начала работы",
        "первый день", "с какого дня", "жұмысқа қабылданған күні", "қабылданған күні", "тағайындалған күні",
        "бірінші күн", "қай күннен", "day of hire", "date of hire", "hired on", "start date", "first day", "since",
    ),
    "last": (
        "дата увольнения", "последний день", "дата окончания", "дата окончания работы", "уволен",
        "жұмыстан босатылған күні", "жұмыстан шығарылған күні", "соңғы күн", "соңғы күні", "last day", "end date",
        "day of end",
    ),
    "schedule": (
        "график работы", "график", "режим работы", "жұмыс кестесі", "жұмыс режимі", "work schedule", "schedule",
    ),
    "hours": ("часы по дням", "часы", "күндер бойынша сағат", "hours by day", "hours"),
    "number": (
        "табельный номер", "табельный №", "таб. номер", "таб. №", "табельдік нөмірі", "табель нөмірі", "табельдік №",
        "personnel number", "staff number", "personnel no",
    ),
}  # fmt: skip

_SCHEDULES: Mapping[ScheduleKind, Collection[str]] = {
    ScheduleKind.FIVE_DAY: (
        "пятидневная неделя", "пятидневная рабочая неделя", "пятидневка", "пятидневный", "5-дневная рабочая неделя",
        "5/2", "бес күндік апта", "бес күндік жұмыс аптасы", "five-day week", "five-day",
    ),
    ScheduleKind.SIX_DAY: (
        "шестидневная неделя", "шестидневная рабочая неделя", "шестидневка", "шестидневный", "6-дневная рабочая неделя",
        "6/1", "алты күндік апта", "алты күндік жұмыс аптасы", "six-day week", "six-day",
    ),
    ScheduleKind.SHIFT: ("сменный график", "сменный", "смены", "посменно", "ауысым", "ауысымдық", "shifts", "shift"),
}  # fmt: skip
_GROUPS: Mapping[StaffGroup, Collection[str]] = {
    StaffGroup.CIVIL_SERVANT: (
        "государственный служащий", "госслужащий", "мемлекеттік қызметші", "civil servant", "civil-servant",
    ),
    StaffGroup.CIVIL_EMPLOYEE: (
        "гражданский служащий", "азаматтық қызметші", "civil employee", "civil-employee",
    ),
    StaffGroup.WORKER: (
        "работник по трудовому кодексу", "работник", "рабочий", "еңбек кодексі бойынша жұмыскер", "жұмыскер",
        "employee under the labour code", "worker",
    ),
}  # fmt: skip
SCHEDULES = {fold(word): kind for kind, words in _SCHEDULES.items() for word in words}
GROUPS = {fold(word): group for group, words in _GROUPS.items() for word in words}
