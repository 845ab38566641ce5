"""When a file of another program is not taken in, and when it may be set aside."""

from erp.base.errors import Conflict
from erp.base.i18n import N_


class FileTakenAlready(Conflict):
    code = "takeover-file-taken"
    template = N_("The file {file} is taken in already.")


class MonthsTaken(Conflict):
    code = "takeover-months-taken"
    template = N_("The file {other} tells of the same months. Set it aside first, then take in {file}.")


class FilePosted(Conflict):
    code = "takeover-file-posted"
    template = N_("Rows of {file} are posted. Cancel their entries first; then the file can be set aside.")
