"""The staffing table: units of an organisation, their posts, and the acts that facts of staff stand on."""
