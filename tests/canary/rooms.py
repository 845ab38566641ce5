# ruff: noqa: E501  (statements)
"""A plan with a scenario, and two of a staff with a leave, a trip and its settlement: for the canaries and for the own.

The shapes are those that the services keep, so that every page of theirs has something to show.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from erp.hr.trips.model import Cost, CostKind, Estimate, Facts, Leg, PlaceClass, Transport, Trip
from erp.hr.trips.schemas import KEPT


@dataclass(frozen=True)
class Tenant:
    """An institution, who keeps its people, who its plans, whose record is kept (by login), and what everything there is called."""

    at: int
    keeper: int
    planner: int
    person: str
    word: str
    tiyn: int

    @property
    def facts(self) -> dict[str, Any]:
        out, back = date(2026, 3, 23), date(2026, 3, 24)
        legs = (
            Leg(self.word, "Алматы", "KZ", PlaceClass.MAJOR, out, out, Transport.RAIL, self.tiyn, self.tiyn),
            Leg("Алматы", self.word, "KZ", None, back, back, Transport.RAIL, self.tiyn),
        )
        trip = Facts(self.word, self.word, legs, advance_tiyn=self.tiyn)
        cost = Cost(CostKind.FARE, out, back, trip.route, 1, self.tiyn, self.tiyn)
        return {
            "at": self.at,
            "user": self.keeper,
            "planner": self.planner,
            "person": self.person,
            "word": self.word,
            "tiyn": self.tiyn,
            "code": f"1{self.tiyn % 100}",
            "trip": KEPT.dump_json(Trip(trip, Estimate((cost,), (), trip.days))).decode(),
            "leave": json.dumps({"kind": "ANNUAL", "draws": True, "counted": 4}),
        }


_SINCE = "'[2020-01-01,)'"
_PERSON = "(SELECT id FROM reference_user WHERE login = %(person)s)"
_AS_PERSON = f"set_config('qazyna.actor', {_PERSON}::text, true)"
_AS_KEEPER = "set_config('qazyna.actor', %(user)s::text, true)"
_AS_PLANNER = "set_config('qazyna.actor', %(planner)s::text, true)"

PEOPLE = {
    "hr_appointment": f"""
        WITH made AS (INSERT INTO hr_person (user_id) VALUES ({_PERSON}) RETURNING id)
        INSERT INTO hr_appointment (organisation_id, person_id) SELECT %(at)s, id FROM made RETURNING id""",
    "hr_act": """
        INSERT INTO hr_act (organisation_id, key, content_hash, kind, about, subject_id, person_id, reason, actor_id, origin)
        SELECT %(at)s, gen_random_uuid(), '', 'change', 'hire', id, person_id, %(word)s, %(user)s, '10.99.88.77'
          FROM hr_appointment WHERE organisation_id = %(at)s RETURNING id""",
    "hr_unit": "INSERT INTO hr_unit (organisation_id) VALUES (%(at)s) RETURNING id",
    "hr_staff_unit": "INSERT INTO hr_staff_unit (organisation_id) VALUES (%(at)s) RETURNING id",
    "hr_unit_fact": f"""
        INSERT INTO hr_unit_fact (organisation_id, unit_id, valid, name_kk, name_ru, name_en, act_id)
        SELECT %(at)s, u.id, {_SINCE}, %(word)s, %(word)s, %(word)s, a.id FROM hr_unit u, hr_act a
         WHERE u.organisation_id = %(at)s AND a.organisation_id = %(at)s RETURNING id""",
    "hr_staff_unit_fact": f"""
        INSERT INTO hr_staff_unit_fact (organisation_id, staff_unit_id, valid, unit_id, title_kk, title_ru, title_en, category,
               staff_group, percent, act_id)
        SELECT %(at)s, s.id, {_SINCE}, f.unit_id, %(word)s, %(word)s, %(word)s, %(word)s, 'worker', 100, f.act_id
          FROM hr_staff_unit s, hr_unit_fact f WHERE s.organisation_id = %(at)s AND f.organisation_id = %(at)s
        RETURNING id""",
    "hr_appointment_fact": f"""
        INSERT INTO hr_appointment_fact (organisation_id, appointment_id, person_id, valid, staff_unit_id, percent, number, act_id)
        SELECT %(at)s, a.id, a.person_id, {_SINCE}, s.staff_unit_id, 100, %(word)s, s.act_id
          FROM hr_appointment a, hr_staff_unit_fact s WHERE a.organisation_id = %(at)s AND s.organisation_id = %(at)s
        RETURNING id""",
    "hr_schedule": """
        INSERT INTO hr_schedule (organisation_id, appointment_id, person_id, valid, kind, begins_on, minutes, act_id)
        SELECT %(at)s, appointment_id, person_id, valid, 'shift', '2020-01-01', '{741}', act_id FROM hr_appointment_fact
         WHERE organisation_id = %(at)s RETURNING id""",
    "hr_person_name": f"""
        INSERT INTO hr_person_name (person_id, valid, family_name, given_name, patronymic, kept_by, act_id)
        SELECT person_id, {_SINCE}, %(word)s, %(word)s, %(word)s, %(at)s, act_id FROM hr_appointment_fact
         WHERE organisation_id = %(at)s RETURNING person_id""",
    "hr_person_fact": f"""
        INSERT INTO hr_person_fact (person_id, valid, birth_on, identity_sealed, identity_index, kept_by, act_id)
        SELECT person_id, {_SINCE}, '1985-07-19', convert_to(%(word)s, 'UTF8'), convert_to(%(word)s, 'UTF8'), %(at)s, act_id
          FROM hr_appointment_fact WHERE organisation_id = %(at)s RETURNING id""",
    "hr_intake": """
        INSERT INTO hr_intake (organisation_id, owner_id, key, mark, name, brought, settings)
        SELECT %(at)s, %(user)s, gen_random_uuid(), '', %(word)s, convert_to(%(word)s, 'UTF8'),
               '{"columns": null, "heads": null, "since": null, "staff_group": "worker", "creates_units": false,
                 "creates_posts": false, "under": null}' RETURNING id""",
    "hr_read_log": """
        INSERT INTO hr_read_log (organisation_id, person_id, kind, reader_id, origin)
        SELECT %(at)s, person_id, 'file', %(user)s, '10.99.88.77' FROM hr_appointment WHERE organisation_id = %(at)s
        RETURNING id""",
    "hr_request": """
        INSERT INTO hr_request (organisation_id, key, kind, person_id)
        SELECT organisation_id, gen_random_uuid(), kind, person_id FROM hr_appointment, (VALUES ('leave'), ('trip')) AS asked (kind)
         WHERE organisation_id = %(at)s RETURNING id""",
    "hr_request_act": f"""
        INSERT INTO hr_request_act (organisation_id, request_id, version, act, days, facts, origin, reason)
        SELECT organisation_id, id, 1, 'submitted',
               CASE kind WHEN 'leave' THEN daterange('2026-03-16', '2026-03-20') ELSE daterange('2026-03-23', '2026-03-25') END,
               CASE kind WHEN 'leave' THEN %(leave)s::jsonb ELSE %(trip)s::jsonb END, '10.99.88.77', %(word)s
          FROM hr_request, {_AS_PERSON} WHERE organisation_id = %(at)s RETURNING request_id""",
    "of the trip": f"""
        INSERT INTO hr_request_act (organisation_id, request_id, version, act, origin, reason)
        SELECT organisation_id, id, 2, 'approved', '10.99.88.77', %(word)s FROM hr_request, {_AS_KEEPER}
         WHERE organisation_id = %(at)s AND kind = 'trip' RETURNING request_id""",
    "hr_leave_movement": """
        INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays, reason, actor_id, origin)
        SELECT organisation_id, person_id, 'carry', '2026-01-01', '2026-01-12', %(tiyn)s, %(word)s, %(user)s, '10.99.88.77'
          FROM hr_appointment WHERE organisation_id = %(at)s RETURNING person_id""",
    "hr_calendar_feed": f"""
        INSERT INTO hr_calendar_feed (organisation_id, user_id, covers, code_hash)
        VALUES (%(at)s, {_PERSON}, 'own', sha256(%(word)s::bytea)) RETURNING id""",
    "hr_trip_report": """
        INSERT INTO hr_trip_report (organisation_id, request_id)
        SELECT organisation_id, id FROM hr_request WHERE organisation_id = %(at)s AND kind = 'trip' RETURNING request_id""",
    "hr_trip_report_line": """
        INSERT INTO hr_trip_report_line (organisation_id, request_id, revision, no, kind, spent_on, what, paper, abroad, amount_tiyn)
        SELECT organisation_id, request_id, 1, 1, 'fare', '2026-03-23', %(word)s, %(word)s, false, %(tiyn)s
          FROM hr_trip_report WHERE organisation_id = %(at)s RETURNING request_id""",
    "hr_trip_report_act": f"""
        INSERT INTO hr_trip_report_act (organisation_id, request_id, version, act, revision, result, origin, reason)
        SELECT organisation_id, request_id, 1, 'submitted', 1, %(word)s, '10.99.88.77', %(word)s
          FROM hr_trip_report, {_AS_PERSON} WHERE organisation_id = %(at)s RETURNING request_id""",
    "what its paper holds": """
        INSERT INTO base_blob (sha256, size_bytes, content)
        VALUES (sha256(%(word)s::bytea), octet_length(%(word)s::bytea), %(word)s::bytea) ON CONFLICT DO NOTHING RETURNING 0""",
    "its paper": """
        INSERT INTO base_attachment (organisation_id, subject, name, media_type, size_bytes, sha256, added_by)
        SELECT organisation_id, 'trip:' || organisation_id || '/' || request_id, %(word)s || '.txt', 'text/plain',
               octet_length(%(word)s::bytea), sha256(%(word)s::bytea), %(user)s
          FROM hr_trip_report WHERE organisation_id = %(at)s RETURNING id""",
    "finance_settlement": """
        INSERT INTO finance_settlement (organisation_id, key, kind, subject, facts, sheet, amount_tiyn, drafted_by)
        SELECT %(at)s, settles, 'advance', 'trip:' || r.organisation_id || '/' || r.id,
               jsonb_build_object('organisation_id', r.organisation_id, 'key', settles, 'subject', 'trip:' || r.organisation_id || '/' || r.id,
                   'kind', 'advance', 'person', %(word)s::text, 'route', %(word)s::text, 'purpose', %(word)s::text,
                   'first', '2026-03-23', 'last', '2026-03-24', 'advance_tiyn', %(tiyn)s::bigint, 'abroad', false),
               jsonb_build_object('memo', %(word)s::text, 'rows', '[]'::jsonb), %(tiyn)s, %(user)s
          FROM hr_request r, gen_random_uuid() AS settles WHERE r.organisation_id = %(at)s AND r.kind = 'trip' RETURNING id""",
    "finance_settlement_act": """
        INSERT INTO finance_settlement_act (organisation_id, settlement_id, version, act, actor_id, origin, reason)
        SELECT organisation_id, id, 1, 'drafted', %(user)s, '10.99.88.77', %(word)s FROM finance_settlement
         WHERE organisation_id = %(at)s RETURNING settlement_id""",
}
PLANS = {
    "economy_expected": """
        INSERT INTO economy_expected (organisation_id, series, vintage, year, value, source, said_by)
        SELECT %(at)s, code, '2026-03-16', 2027, %(tiyn)s / 100.0, %(word)s, %(planner)s
          FROM (VALUES ('brent'), ('usdkzt')) AS series (code) RETURNING 0""",
    "economy_plan": f"""
        INSERT INTO economy_plan (organisation_id, key, name, base_year, first_year, last_year)
        SELECT %(at)s, gen_random_uuid(), %(word)s, 2026, 2027, 2029 FROM {_AS_PLANNER} RETURNING id""",
    "economy_leaf": """
        INSERT INTO economy_leaf (organisation_id, plan_id, section, budget_id, institution_id, programme, economic, source, region)
        SELECT %(at)s, id, 'expenditure', %(at)s, %(at)s, '464.003', %(code)s, '', '' FROM economy_plan
         WHERE organisation_id = %(at)s RETURNING id""",
    "economy_version": """
        INSERT INTO economy_version (organisation_id, plan_id, key, kind, name, reason)
        SELECT %(at)s, id, gen_random_uuid(), 'base', %(word)s, %(word)s FROM economy_plan WHERE organisation_id = %(at)s
        RETURNING id""",
    "economy_edit": """
        INSERT INTO economy_edit (organisation_id, plan_id, version_id, no, key, content_hash, reason, cells)
        SELECT %(at)s, plan_id, id, 1, gen_random_uuid(), '', %(word)s, 1 FROM economy_version WHERE organisation_id = %(at)s
        RETURNING 0""",
    "economy_cell": """
        INSERT INTO economy_cell (organisation_id, plan_id, version_id, leaf_id, year, edit_no, amount_tiyn)
        SELECT %(at)s, l.plan_id, v.id, l.id, 2027, 1, %(tiyn)s
          FROM economy_leaf l JOIN economy_version v USING (organisation_id, plan_id) WHERE organisation_id = %(at)s
        RETURNING 0""",
    "economy_layout": """
        INSERT INTO economy_layout (organisation_id, owner_id, name, query, shared)
        VALUES (%(at)s, %(planner)s, %(word)s, 'row1=economic&in.economic=' || %(code)s, true) RETURNING id""",
    "a scenario's version": """
        INSERT INTO economy_version (organisation_id, plan_id, key, parent_id, parent_edits, kind, name, reason)
        SELECT organisation_id, plan_id, gen_random_uuid(), id, edits, 'scenario', %(word)s, %(word)s
          FROM economy_version WHERE organisation_id = %(at)s RETURNING id""",
    "economy_model": """
        INSERT INTO economy_model (organisation_id, hash, name, edition, source, confidence, body)
        SELECT %(at)s, sha256(convert_to(body, 'UTF8')), %(word)s, '', %(word)s, 'own', body
          FROM CAST('# ' || %(word)s || E'\\ndriver brent: USD/bbl\\ndriver base_brent: USD/bbl\\ninput base: KZT\\n'
                    'measure amount: KZT = base * brent / base_brent\\n' AS text) AS body RETURNING id""",
    "economy_scenario": """
        INSERT INTO economy_scenario (organisation_id, plan_id, version_id, revision, key, model_id, uncertainty, reason)
        SELECT v.organisation_id, v.plan_id, v.id, 1, gen_random_uuid(), m.id,
               '{"seed": 1, "drivers": ["brent"], "levels": [true], "spread": [0.2], "correlation": [[1]], "years": [2023, 2024]}',
               %(word)s
          FROM economy_version v JOIN economy_model m USING (organisation_id)
         WHERE v.organisation_id = %(at)s AND v.kind = 'scenario' RETURNING version_id""",
    "economy_assumption": """
        INSERT INTO economy_assumption (organisation_id, plan_id, version_id, revision, driver, year, value, origin, said_by)
        SELECT organisation_id, plan_id, version_id, revision, 'brent', year, 60, 'typed', %(planner)s
          FROM economy_scenario, generate_series(2026, 2029) AS year WHERE organisation_id = %(at)s RETURNING 0""",
    "economy_intake": """
        INSERT INTO economy_intake (organisation_id, owner_id, key, plan_id, version_id, name, brought)
        SELECT %(at)s, %(planner)s, gen_random_uuid(), v.plan_id, v.id, %(word)s,
               jsonb_build_array(jsonb_build_object('name', '', 'rows', jsonb_build_array(jsonb_build_array(1, %(word)s::text))))
          FROM economy_version v WHERE v.organisation_id = %(at)s AND v.kind = 'base' RETURNING id""",
}
TRAIL = {
    "base_audit_event": """
        INSERT INTO base_audit_event (actor_id, origin, organisation_id, action, subject, facts)
        VALUES (%(user)s, '10.99.88.77', %(at)s, 'role-granted', 'user:' || %(user)s, jsonb_build_object('name', %(word)s::text))
        RETURNING 0"""
}
ROOMS = TRAIL | PEOPLE | PLANS
"""By table, in the order in which they lean on each other; what each returns is an id to try at other doors."""
