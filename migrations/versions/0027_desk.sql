-- The desk: how each person likes it, and how far their tour of the program went.

CREATE TABLE base_desk (
    user_id int NOT NULL,
    density text NOT NULL,
    single_keys boolean NOT NULL,
    tour_shown boolean NOT NULL,
    CONSTRAINT base_desk_pkey PRIMARY KEY (user_id),
    CONSTRAINT base_desk_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_desk_density_known CHECK (density IN ('comfortable', 'compact'))
);
COMMENT ON TABLE base_desk IS 'How a person likes their pages; without a row, as the program proposes.';
COMMENT ON COLUMN base_desk.density IS 'Height of rows and fields.';
COMMENT ON COLUMN base_desk.single_keys IS 'Whether keys without Ctrl or Alt are commands outside of fields (WCAG 2.2, 2.1.4: they can be switched off).';
COMMENT ON COLUMN base_desk.tour_shown IS 'Whether the first page shows the way to the tour.';

CREATE TABLE base_tour_step (
    user_id int NOT NULL,
    step text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT base_tour_step_pkey PRIMARY KEY (user_id, step),
    CONSTRAINT base_tour_step_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT base_tour_step_slug CHECK (step ~ '^[a-z][a-z-]{0,39}$')
);
COMMENT ON TABLE base_tour_step IS 'Steps of the tour that a person has taken.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['base_desk', 'base_tour_step'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own ON %I USING (user_id = (SELECT reference_actor())) WITH CHECK (user_id = (SELECT reference_actor()))', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE (density, single_keys, tour_shown) ON base_desk TO qazyna_app;
GRANT SELECT, INSERT, DELETE ON base_tour_step TO qazyna_app;

COMMENT ON TABLE finance_report_view IS 'What somebody asks of a report or a list, kept under a name.';
COMMENT ON COLUMN finance_report_view.report IS 'Address of the report or the list below the organisation''s: reports/chessboard, journal.';
