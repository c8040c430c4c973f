CREATE TABLE public.areas (
    path character varying(200) NOT NULL COLLATE pg_catalog."C",
    name character varying(200) NOT NULL,
    level character varying(32) NOT NULL,
    version integer NOT NULL,
    updated_at_ms bigint NOT NULL,
    names jsonb DEFAULT '{}'::jsonb NOT NULL,
    boundary jsonb
);
CREATE TABLE public.cases (
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    number character varying(16) NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    state character varying(16) NOT NULL,
    ended boolean NOT NULL,
    source character varying(16) NOT NULL,
    problem character varying(64) NOT NULL,
    severity character varying(16) NOT NULL,
    department character varying(64),
    area character varying(64) COLLATE pg_catalog."C",
    subject character varying(128),
    reported_at_ms bigint NOT NULL,
    due_at_ms bigint,
    closed_at_ms bigint,
    words text NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.cases_absorbed (
    event_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    rule character varying(64) NOT NULL,
    until_ms bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.cases_attachments (
    attachment_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    name character varying(200) NOT NULL,
    media_type character varying(32) NOT NULL,
    size bigint NOT NULL,
    content character varying(64) NOT NULL,
    actor character varying(100) NOT NULL,
    at_ms bigint NOT NULL
);
CREATE TABLE public.cases_events (
    event_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.cases_held (
    event_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    until_ms bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.cases_history (
    sequence bigint NOT NULL,
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    revision integer NOT NULL,
    transition character varying(32) NOT NULL,
    actor character varying(100) NOT NULL,
    at_ms bigint NOT NULL,
    note text NOT NULL,
    details text NOT NULL,
    body text NOT NULL,
    published boolean NOT NULL
);
CREATE SEQUENCE public.cases_history_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.cases_history_sequence_seq OWNED BY public.cases_history.sequence;
CREATE TABLE public.cases_keys (
    reporter character varying(100) NOT NULL COLLATE pg_catalog."C",
    key character varying(200) NOT NULL COLLATE pg_catalog."C",
    fingerprint character varying(64) NOT NULL,
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.cases_numbers (
    year integer NOT NULL,
    last integer NOT NULL
);
CREATE TABLE public.cases_positions (
    follower character varying(100) NOT NULL COLLATE pg_catalog."C",
    topic character varying(200) NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    "offset" bigint NOT NULL
);
CREATE TABLE public.cases_schema (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.credentials (
    username character varying(200) NOT NULL COLLATE pg_catalog."C",
    holder character varying(65) NOT NULL COLLATE pg_catalog."C",
    sort character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    salt character varying(64),
    secret_hash character varying(128),
    iterations integer,
    fingerprint character varying(64),
    certificate_ends_at_ms bigint,
    created_at_ms bigint NOT NULL,
    ends_at_ms bigint,
    ends_on_use_of character varying(200),
    last_used_at_ms bigint,
    revoked_at_ms bigint
);
CREATE TABLE public.devices (
    device_id character varying(64) NOT NULL COLLATE pg_catalog."C",
    kind character varying(64) NOT NULL,
    profile character varying(64) NOT NULL,
    name character varying(200) NOT NULL,
    area character varying(200) COLLATE pg_catalog."C",
    lon double precision,
    lat double precision,
    parent_id character varying(64),
    component_code character varying(32),
    department character varying(100),
    report_interval_s integer NOT NULL,
    dev_eui character varying(16),
    mn character varying(24),
    attributes jsonb NOT NULL,
    state character varying(16) NOT NULL,
    activated_at_ms bigint NOT NULL,
    version integer NOT NULL,
    published_version integer DEFAULT 0 NOT NULL,
    removed boolean DEFAULT false NOT NULL,
    updated_at_ms bigint NOT NULL,
    grid character varying(32),
    sparkplug character varying(200),
    owner character varying(100),
    maintainer character varying(100),
    component_scheme character varying(32),
    source_datum character varying(16) DEFAULT 'wgs84'::character varying NOT NULL,
    source_lon double precision,
    source_lat double precision,
    tags text DEFAULT ''::text NOT NULL,
    identities jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at_ms bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.notify_buckets (
    channel character varying(64) NOT NULL COLLATE pg_catalog."C",
    address character varying(320) NOT NULL COLLATE pg_catalog."C",
    full_at_ms bigint NOT NULL
);
CREATE TABLE public.notify_messages (
    sequence bigint NOT NULL,
    message_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    occasion character varying(32) NOT NULL,
    critical boolean NOT NULL,
    channel character varying(64) NOT NULL COLLATE pg_catalog."C",
    address character varying(320) NOT NULL COLLATE pg_catalog."C",
    person character varying(64),
    body text NOT NULL,
    created_at_ms bigint NOT NULL,
    state character varying(16) NOT NULL,
    not_before_ms bigint NOT NULL,
    delivery_id character varying(36) COLLATE pg_catalog."C",
    tries integer NOT NULL,
    first_tried_at_ms bigint,
    ended_at_ms bigint,
    reason text NOT NULL
);
CREATE SEQUENCE public.notify_messages_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.notify_messages_sequence_seq OWNED BY public.notify_messages.sequence;
CREATE TABLE public.notify_preferences (
    username character varying(64) NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL
);
CREATE TABLE public.notify_watches (
    case_id character varying(36) NOT NULL COLLATE pg_catalog."C",
    state character varying(16) NOT NULL,
    since_ms bigint NOT NULL,
    since_revision integer NOT NULL,
    steps_told integer NOT NULL,
    deadline_told character varying(200) NOT NULL,
    next_ms bigint
);
CREATE TABLE public.pending_devices (
    name character varying(64) NOT NULL COLLATE pg_catalog."C",
    dev_eui character varying(16),
    kind character varying(64),
    speaker character varying(64),
    topic text NOT NULL,
    sample text NOT NULL,
    first_seen_ms bigint NOT NULL,
    last_seen_ms bigint NOT NULL,
    reports integer NOT NULL,
    refused_at_ms bigint,
    refused_by character varying(100)
);
CREATE TABLE public.people_audit (
    sequence bigint NOT NULL,
    at_ms bigint NOT NULL,
    actor character varying(100) NOT NULL,
    action character varying(64) NOT NULL,
    subject character varying(400) NOT NULL,
    details text NOT NULL,
    previous character varying(64) NOT NULL,
    hash character varying(64) NOT NULL
);
CREATE SEQUENCE public.people_audit_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.people_audit_sequence_seq OWNED BY public.people_audit.sequence;
CREATE TABLE public.people_departments (
    name character varying(64) NOT NULL COLLATE pg_catalog."C",
    title_en character varying(200) NOT NULL,
    title_zh character varying(200) NOT NULL,
    active boolean NOT NULL
);
CREATE TABLE public.people_sessions (
    secret_hash character varying(64) NOT NULL COLLATE pg_catalog."C",
    username character varying(64) NOT NULL COLLATE pg_catalog."C",
    created_at_ms bigint NOT NULL,
    used_at_ms bigint NOT NULL,
    ends_at_ms bigint NOT NULL
);
CREATE TABLE public.people_tokens (
    token_id character varying(16) NOT NULL COLLATE pg_catalog."C",
    username character varying(64) NOT NULL COLLATE pg_catalog."C",
    label character varying(200) NOT NULL,
    secret_hash character varying(64) NOT NULL,
    scopes text NOT NULL,
    created_at_ms bigint NOT NULL,
    used_at_ms bigint,
    ends_at_ms bigint,
    revoked_at_ms bigint
);
CREATE TABLE public.people_users (
    username character varying(64) NOT NULL COLLATE pg_catalog."C",
    display_name character varying(200) NOT NULL,
    email character varying(320),
    phone character varying(32),
    roles text NOT NULL,
    departments text NOT NULL,
    areas text NOT NULL,
    password_hash character varying(256),
    oidc_subject character varying(400) COLLATE pg_catalog."C",
    active boolean NOT NULL,
    failed_logins integer NOT NULL,
    locked_until_ms bigint,
    created_at_ms bigint NOT NULL,
    version integer NOT NULL
);
CREATE TABLE public.profiles (
    name character varying(64) NOT NULL COLLATE pg_catalog."C",
    kind character varying(64) NOT NULL,
    fields jsonb NOT NULL,
    ignore jsonb NOT NULL,
    report_interval_s integer NOT NULL,
    attributes jsonb NOT NULL,
    version integer NOT NULL,
    published_version integer DEFAULT 0 NOT NULL,
    removed boolean DEFAULT false NOT NULL,
    updated_at_ms bigint NOT NULL,
    codec character varying(64),
    derived jsonb DEFAULT '[]'::jsonb NOT NULL
);
CREATE TABLE public.registry_audit (
    number bigint NOT NULL,
    subject_kind character varying(16) NOT NULL,
    subject character varying(200) NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    at_ms bigint NOT NULL,
    author character varying(100) NOT NULL,
    action character varying(16) NOT NULL,
    changes jsonb NOT NULL
);
CREATE SEQUENCE public.registry_audit_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registry_audit_number_seq OWNED BY public.registry_audit.number;
CREATE TABLE public.registry_schema (
    version_num character varying(32) NOT NULL
);
ALTER TABLE ONLY public.cases_history ALTER COLUMN sequence SET DEFAULT nextval('public.cases_history_sequence_seq'::regclass);
ALTER TABLE ONLY public.notify_messages ALTER COLUMN sequence SET DEFAULT nextval('public.notify_messages_sequence_seq'::regclass);
ALTER TABLE ONLY public.people_audit ALTER COLUMN sequence SET DEFAULT nextval('public.people_audit_sequence_seq'::regclass);
ALTER TABLE ONLY public.registry_audit ALTER COLUMN number SET DEFAULT nextval('public.registry_audit_number_seq'::regclass);
INSERT INTO public.cases VALUES ('a2aafa71-bc09-486e-bf75-94b22179df67', '2026-000001', 6, 'in_progress', false, 'hotline', 'cover-open', 'minor', 'drainage', '320582/110/152/102', NULL, 1780000000000, 1780014401000, NULL, '2026-000001
cover-open
cover open
井盖开启', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":6,"state":"in_progress","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":"dora","occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}');
INSERT INTO public.cases VALUES ('cc5deb25-71d2-4e8e-a7e2-bd133297e1ae', '2026-000002', 1, 'reported', false, 'hotline', 'lamp-out', 'minor', NULL, '320582/110/152/102', NULL, 1780000002000, NULL, NULL, '2026-000002
lamp-out
cover open
井盖开启
门前路灯 it''s dark; 100% \ off', '{"case_id":"cc5deb25-71d2-4e8e-a7e2-bd133297e1ae","number":"2026-000002","revision":1,"state":"reported","source":"hotline","problem":"lamp-out","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"门前路灯 it''s dark; 100% \\ off","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000002000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}');
INSERT INTO public.cases_events VALUES ('84792418-3fe9-4274-a313-188e791132bc', 'a2aafa71-bc09-486e-bf75-94b22179df67');
INSERT INTO public.cases_history VALUES (1, 'a2aafa71-bc09-486e-bf75-94b22179df67', 1, 'report', 'olga', 1780000000000, '', '{}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":1,"state":"reported","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (2, 'a2aafa71-bc09-486e-bf75-94b22179df67', 2, 'accept', 'olga', 1780000001000, '', '{}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":2,"state":"accepted","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (3, 'a2aafa71-bc09-486e-bf75-94b22179df67', 3, 'send_to_verify', 'olga', 1780000001000, '', '{}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":3,"state":"verifying","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (4, 'a2aafa71-bc09-486e-bf75-94b22179df67', 4, 'verify', 'olga', 1780000001000, '', '{}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":4,"state":"filed","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (5, 'a2aafa71-bc09-486e-bf75-94b22179df67', 5, 'dispatch', 'dima', 1780000001000, '', '{"department":"drainage","term":{"unit":"hour","amount":4.0}}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":5,"state":"dispatched","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (6, 'a2aafa71-bc09-486e-bf75-94b22179df67', 6, 'take', 'dora', 1780000001000, '', '{}', '{"case_id":"a2aafa71-bc09-486e-bf75-94b22179df67","number":"2026-000001","revision":6,"state":"in_progress","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"84792418-3fe9-4274-a313-188e791132bc","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":"dora","occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_history VALUES (7, 'cc5deb25-71d2-4e8e-a7e2-bd133297e1ae', 1, 'report', 'olga', 1780000002000, '', '{}', '{"case_id":"cc5deb25-71d2-4e8e-a7e2-bd133297e1ae","number":"2026-000002","revision":1,"state":"reported","source":"hotline","problem":"lamp-out","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"门前路灯 it''s dark; 100% \\ off","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000002000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}', false);
INSERT INTO public.cases_keys VALUES ('olga', 'a1', '246d0120e388a69ea48e6f373ddb5aaa738b06d547268cbc0e08ec0f0cb5f178', 'a2aafa71-bc09-486e-bf75-94b22179df67');
INSERT INTO public.cases_numbers VALUES (2026, 2);
INSERT INTO public.cases_positions VALUES ('desk', 'city.events', 0, 7);
INSERT INTO public.cases_schema VALUES ('0003');
INSERT INTO public.people_audit VALUES (1, 1779999991000, 'setup', 'department-added', 'department/drainage', '{"active":true,"name":"drainage","title":{"en":"Drainage","zh":"排水"}}', '0000000000000000000000000000000000000000000000000000000000000000', 'e8cd18788d1c1ee5e9be45a4eef348c1a827acfacabea4dc452ec3d9b85815e9');
INSERT INTO public.people_audit VALUES (2, 1779999992000, 'setup', 'user-added', 'user/olga', '{"areas":[],"departments":[],"roles":["operator"]}', 'e8cd18788d1c1ee5e9be45a4eef348c1a827acfacabea4dc452ec3d9b85815e9', '102dfd4295f40b3b1ed8918fa2a9008355105d1f582b8935a2abb9e1fbe1bec6');
INSERT INTO public.people_audit VALUES (3, 1779999993000, 'setup', 'user-added', 'user/dora', '{"areas":["320582/110"],"departments":["drainage"],"roles":["department"]}', '102dfd4295f40b3b1ed8918fa2a9008355105d1f582b8935a2abb9e1fbe1bec6', '474fd7c289e72a35a2d17b20a7b2861878d0a0d97f45f745355e1ee20e2c3ae9');
INSERT INTO public.people_audit VALUES (4, 1779999994000, 'setup', 'password-changed', 'user/olga', '{"sessions":0}', '474fd7c289e72a35a2d17b20a7b2861878d0a0d97f45f745355e1ee20e2c3ae9', '19d518e27a4c8219e52ca58cb469d8738d9f2e76a76999e11f10025f0daa7360');
INSERT INTO public.people_audit VALUES (5, 1779999995000, 'olga', 'login', 'user/olga', '{"by":"password"}', '19d518e27a4c8219e52ca58cb469d8738d9f2e76a76999e11f10025f0daa7360', '5c28c28b8b52b0819e8365f57d5f19247cefbae6f4a5e9c5d15033be5813af4d');
INSERT INTO public.people_audit VALUES (6, 1779999996000, 'dora', 'token-made', 'token/4b227777d4dd1fc6', '{"ends_at_ms":null,"label":"van 7","scopes":["cases:act","read"],"user":"dora"}', '5c28c28b8b52b0819e8365f57d5f19247cefbae6f4a5e9c5d15033be5813af4d', 'bda6ee60208997ef9f467b631ce20aed8b11615a875b15d8e6b8cd5dcb63d980');
INSERT INTO public.people_audit VALUES (7, 1780000000000, 'olga', 'case.report', 'case/2026-000001', '{"note":"","revision":1}', 'bda6ee60208997ef9f467b631ce20aed8b11615a875b15d8e6b8cd5dcb63d980', 'a838d34a7db59a6928cbcd69cfaf0d18bcff02bb703cf6714d1a3edd4c1899a0');
INSERT INTO public.people_audit VALUES (8, 1780000001000, 'olga', 'case.accept', 'case/2026-000001', '{"note":"","revision":2}', 'a838d34a7db59a6928cbcd69cfaf0d18bcff02bb703cf6714d1a3edd4c1899a0', '641bb8f1aa938f7d3b584fe543fad2b876884451a7b19d89ecd2eb14a0ae3afe');
INSERT INTO public.people_audit VALUES (9, 1780000001000, 'olga', 'case.send_to_verify', 'case/2026-000001', '{"note":"","revision":3}', '641bb8f1aa938f7d3b584fe543fad2b876884451a7b19d89ecd2eb14a0ae3afe', 'f04cfa3d1199aa48f2ccb36e3b1522206bcf2f2cee67316c4e450f7c62643ade');
INSERT INTO public.people_audit VALUES (10, 1780000001000, 'olga', 'case.verify', 'case/2026-000001', '{"note":"","revision":4}', 'f04cfa3d1199aa48f2ccb36e3b1522206bcf2f2cee67316c4e450f7c62643ade', '34689c66d5b51976aa44d4783cd766a97da3f90e6dc48097b54bb5a94c6251a1');
INSERT INTO public.people_audit VALUES (11, 1780000001000, 'dima', 'case.dispatch', 'case/2026-000001', '{"department":"drainage","note":"","revision":5,"term":{"amount":4.0,"unit":"hour"}}', '34689c66d5b51976aa44d4783cd766a97da3f90e6dc48097b54bb5a94c6251a1', '64f00564cb6843080585d61e26f46e027c0c55f557e458e658a614925b934a74');
INSERT INTO public.people_audit VALUES (12, 1780000001000, 'dora', 'case.take', 'case/2026-000001', '{"note":"","revision":6}', '64f00564cb6843080585d61e26f46e027c0c55f557e458e658a614925b934a74', '9ec5b191f4732884646d5ca7e00473bb6d3cf5b20b549a11ad8a8aa2c720bdc8');
INSERT INTO public.people_audit VALUES (13, 1780000002000, 'olga', 'case.report', 'case/2026-000002', '{"note":"","revision":1}', '9ec5b191f4732884646d5ca7e00473bb6d3cf5b20b549a11ad8a8aa2c720bdc8', '40058d775ba5a6d957113c7a63560772043e7344e382e77d2e3c466e0a3f9870');
INSERT INTO public.people_departments VALUES ('drainage', 'Drainage', '排水', true);
INSERT INTO public.people_sessions VALUES ('46015aa7d30761508483c8c6dda0e9a60d9c2b3d7f163b6ffa31ab76efa591ba', 'olga', 1779999995000, 1779999995000, 1780043195000);
INSERT INTO public.people_tokens VALUES ('4b227777d4dd1fc6', 'dora', 'van 7', '34d7c2b38f0b6745c07c7e4686ecf60d5360a0c0faf4f53f45f3df14d276731c', '["cases:act","read"]', 1779999996000, NULL, NULL, NULL);
INSERT INTO public.people_users VALUES ('dora', '', NULL, NULL, '["department"]', '["drainage"]', '["320582/110"]', NULL, NULL, true, 0, NULL, 1779999993000, 1);
INSERT INTO public.people_users VALUES ('olga', 'Olga', 'olga@city.example', NULL, '["operator"]', '[]', '[]', '$argon2id$v=19$m=8,t=1,p=1$X+zrZv/IbzjZUnhsbWlseQ$yOL+jHwLhi6Lxd2bxHVtc7cb31c9Z1LbqlsuLAz1blY', NULL, true, 0, NULL, 1779999992000, 2);
INSERT INTO public.registry_schema VALUES ('0003');
SELECT pg_catalog.setval('public.cases_history_sequence_seq', 7, true);
SELECT pg_catalog.setval('public.notify_messages_sequence_seq', 1, false);
SELECT pg_catalog.setval('public.people_audit_sequence_seq', 13, true);
SELECT pg_catalog.setval('public.registry_audit_number_seq', 1, false);
ALTER TABLE ONLY public.areas
    ADD CONSTRAINT areas_pkey PRIMARY KEY (path);
ALTER TABLE ONLY public.cases_absorbed
    ADD CONSTRAINT cases_absorbed_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.cases_attachments
    ADD CONSTRAINT cases_attachments_pkey PRIMARY KEY (attachment_id);
ALTER TABLE ONLY public.cases_events
    ADD CONSTRAINT cases_events_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.cases_held
    ADD CONSTRAINT cases_held_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.cases_history
    ADD CONSTRAINT cases_history_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.cases_keys
    ADD CONSTRAINT cases_keys_pkey PRIMARY KEY (reporter, key);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_number_key UNIQUE (number);
ALTER TABLE ONLY public.cases_numbers
    ADD CONSTRAINT cases_numbers_pkey PRIMARY KEY (year);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (case_id);
ALTER TABLE ONLY public.cases_positions
    ADD CONSTRAINT cases_positions_pkey PRIMARY KEY (follower, topic, partition);
ALTER TABLE ONLY public.cases_schema
    ADD CONSTRAINT cases_schema_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (username);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY public.notify_buckets
    ADD CONSTRAINT notify_buckets_pkey PRIMARY KEY (channel, address);
ALTER TABLE ONLY public.notify_messages
    ADD CONSTRAINT notify_messages_message_id_key UNIQUE (message_id);
ALTER TABLE ONLY public.notify_messages
    ADD CONSTRAINT notify_messages_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.notify_preferences
    ADD CONSTRAINT notify_preferences_pkey PRIMARY KEY (username);
ALTER TABLE ONLY public.notify_watches
    ADD CONSTRAINT notify_watches_pkey PRIMARY KEY (case_id);
ALTER TABLE ONLY public.pending_devices
    ADD CONSTRAINT pending_devices_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.people_audit
    ADD CONSTRAINT people_audit_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.people_departments
    ADD CONSTRAINT people_departments_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.people_sessions
    ADD CONSTRAINT people_sessions_pkey PRIMARY KEY (secret_hash);
ALTER TABLE ONLY public.people_tokens
    ADD CONSTRAINT people_tokens_pkey PRIMARY KEY (token_id);
ALTER TABLE ONLY public.people_users
    ADD CONSTRAINT people_users_oidc_subject_key UNIQUE (oidc_subject);
ALTER TABLE ONLY public.people_users
    ADD CONSTRAINT people_users_pkey PRIMARY KEY (username);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.registry_audit
    ADD CONSTRAINT registry_audit_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.registry_schema
    ADD CONSTRAINT registry_schema_pkc PRIMARY KEY (version_num);
CREATE INDEX ix_cases_absorbed_rule ON public.cases_absorbed USING btree (rule);
CREATE UNIQUE INDEX ix_cases_attachments_case ON public.cases_attachments USING btree (case_id, content);
CREATE INDEX ix_cases_department ON public.cases USING btree (department, ended, reported_at_ms, case_id);
CREATE INDEX ix_cases_events_case ON public.cases_events USING btree (case_id);
CREATE INDEX ix_cases_held_until ON public.cases_held USING btree (until_ms);
CREATE UNIQUE INDEX ix_cases_history_case ON public.cases_history USING btree (case_id, revision);
CREATE INDEX ix_cases_history_steps ON public.cases_history USING btree (case_id, revision, transition, at_ms);
CREATE INDEX ix_cases_history_unpublished ON public.cases_history USING btree (sequence) WHERE (published = false);
CREATE INDEX ix_cases_open_by_due ON public.cases USING btree (ended, due_at_ms, case_id);
CREATE INDEX ix_cases_open_by_reported ON public.cases USING btree (ended, reported_at_ms, case_id, area, severity, problem, words);
CREATE INDEX ix_cases_problem ON public.cases USING btree (problem, reported_at_ms);
CREATE INDEX ix_cases_state ON public.cases USING btree (state, reported_at_ms, case_id);
CREATE INDEX ix_credentials_holder ON public.credentials USING btree (holder);
CREATE INDEX ix_devices_area ON public.devices USING btree (area);
CREATE INDEX ix_devices_kind ON public.devices USING btree (kind, device_id);
CREATE INDEX ix_devices_mn ON public.devices USING btree (mn);
CREATE INDEX ix_devices_parent_id ON public.devices USING btree (parent_id);
CREATE INDEX ix_devices_place ON public.devices USING btree (lat, lon);
CREATE INDEX ix_devices_sparkplug ON public.devices USING btree (sparkplug);
CREATE INDEX ix_devices_unpublished ON public.devices USING btree (device_id) WHERE (published_version < version);
CREATE INDEX ix_notify_messages_case ON public.notify_messages USING btree (case_id);
CREATE INDEX ix_notify_messages_delivery ON public.notify_messages USING btree (delivery_id);
CREATE INDEX ix_notify_messages_ended ON public.notify_messages USING btree (state, ended_at_ms);
CREATE INDEX ix_notify_messages_state ON public.notify_messages USING btree (state, channel, address);
CREATE INDEX ix_notify_watches_next ON public.notify_watches USING btree (next_ms);
CREATE INDEX ix_people_audit_actor ON public.people_audit USING btree (actor, sequence);
CREATE INDEX ix_people_audit_subject ON public.people_audit USING btree (subject, sequence);
CREATE INDEX ix_people_sessions_username ON public.people_sessions USING btree (username);
CREATE INDEX ix_people_tokens_username ON public.people_tokens USING btree (username);
CREATE INDEX ix_registry_audit_subject ON public.registry_audit USING btree (subject_kind, subject, number);
CREATE UNIQUE INDEX uq_devices_dev_eui ON public.devices USING btree (dev_eui) WHERE ((state)::text <> 'retired'::text);
