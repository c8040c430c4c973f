PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE registry_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT registry_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO registry_schema VALUES('0003');
CREATE TABLE devices (
	device_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	profile VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	area VARCHAR(200), 
	lon FLOAT, 
	lat FLOAT, 
	parent_id VARCHAR(64), 
	component_code VARCHAR(32), 
	department VARCHAR(100), 
	report_interval_s INTEGER NOT NULL, 
	dev_eui VARCHAR(16), 
	mn VARCHAR(24), 
	attributes JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	activated_at_ms BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	published_version INTEGER DEFAULT 0 NOT NULL, 
	removed BOOLEAN DEFAULT 0 NOT NULL, 
	updated_at_ms BIGINT NOT NULL, grid VARCHAR(32), sparkplug VARCHAR(200), owner VARCHAR(100), maintainer VARCHAR(100), component_scheme VARCHAR(32), source_datum VARCHAR(16) DEFAULT 'wgs84' NOT NULL, source_lon FLOAT, source_lat FLOAT, tags TEXT DEFAULT '' NOT NULL, identities JSON DEFAULT '{}' NOT NULL, created_at_ms BIGINT DEFAULT 0 NOT NULL, 
	PRIMARY KEY (device_id)
);
CREATE TABLE profiles (
	name VARCHAR(64) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	fields JSON NOT NULL, 
	"ignore" JSON NOT NULL, 
	report_interval_s INTEGER NOT NULL, 
	attributes JSON NOT NULL, 
	version INTEGER NOT NULL, 
	published_version INTEGER DEFAULT 0 NOT NULL, 
	removed BOOLEAN DEFAULT 0 NOT NULL, 
	updated_at_ms BIGINT NOT NULL, codec VARCHAR(64), derived JSON DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE areas (
	path VARCHAR(200) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	level VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	updated_at_ms BIGINT NOT NULL, names JSON DEFAULT '{}' NOT NULL, boundary JSON, 
	PRIMARY KEY (path)
);
CREATE TABLE registry_audit (
	number INTEGER NOT NULL, 
	subject_kind VARCHAR(16) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	version INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	author VARCHAR(100) NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	changes JSON NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE credentials (
	username VARCHAR(200) NOT NULL, 
	holder VARCHAR(65) NOT NULL, 
	sort VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	salt VARCHAR(64), 
	secret_hash VARCHAR(128), 
	iterations INTEGER, 
	fingerprint VARCHAR(64), 
	certificate_ends_at_ms BIGINT, 
	created_at_ms BIGINT NOT NULL, 
	ends_at_ms BIGINT, 
	ends_on_use_of VARCHAR(200), 
	last_used_at_ms BIGINT, 
	revoked_at_ms BIGINT, 
	PRIMARY KEY (username)
);
CREATE TABLE pending_devices (
	name VARCHAR(64) NOT NULL, 
	dev_eui VARCHAR(16), 
	kind VARCHAR(64), 
	speaker VARCHAR(64), 
	topic TEXT NOT NULL, 
	sample TEXT NOT NULL, 
	first_seen_ms BIGINT NOT NULL, 
	last_seen_ms BIGINT NOT NULL, 
	reports INTEGER NOT NULL, 
	refused_at_ms BIGINT, 
	refused_by VARCHAR(100), 
	PRIMARY KEY (name)
);
CREATE TABLE cases_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT cases_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO cases_schema VALUES('0003');
CREATE TABLE cases (
	case_id VARCHAR(36) NOT NULL, 
	number VARCHAR(16) NOT NULL, 
	revision INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	ended BOOLEAN NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	problem VARCHAR(64) NOT NULL, 
	severity VARCHAR(16) NOT NULL, 
	department VARCHAR(64), 
	area VARCHAR(64), 
	subject VARCHAR(128), 
	reported_at_ms BIGINT NOT NULL, 
	due_at_ms BIGINT, 
	closed_at_ms BIGINT, 
	words TEXT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (case_id), 
	UNIQUE (number)
);
INSERT INTO cases VALUES('99d3c79e-3c57-49c1-8271-8ca5f756beaf','2026-000001',6,'in_progress',0,'hotline','cover-open','minor','drainage','320582/110/152/102',NULL,1780000000000,1780014401000,NULL,replace('2026-000001\ncover-open\ncover open\n井盖开启','\n',char(10)),'{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":6,"state":"in_progress","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":"dora","occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}');
INSERT INTO cases VALUES('1aaad7ba-fae4-4396-9a0b-8105364647e6','2026-000002',1,'reported',0,'hotline','lamp-out','minor',NULL,'320582/110/152/102',NULL,1780000002000,NULL,NULL,replace('2026-000002\nlamp-out\ncover open\n井盖开启\n门前路灯 it''s dark; 100% \ off','\n',char(10)),'{"case_id":"1aaad7ba-fae4-4396-9a0b-8105364647e6","number":"2026-000002","revision":1,"state":"reported","source":"hotline","problem":"lamp-out","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"门前路灯 it''s dark; 100% \\ off","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000002000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}');
CREATE TABLE cases_history (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_id VARCHAR(36) NOT NULL, 
	revision INTEGER NOT NULL, 
	transition VARCHAR(32) NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	at_ms BIGINT NOT NULL, 
	note TEXT NOT NULL, 
	details TEXT NOT NULL, 
	body TEXT NOT NULL, 
	published BOOLEAN NOT NULL
);
INSERT INTO cases_history VALUES(1,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',1,'report','olga',1780000000000,'','{}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":1,"state":"reported","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(2,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',2,'accept','olga',1780000001000,'','{}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":2,"state":"accepted","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(3,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',3,'send_to_verify','olga',1780000001000,'','{}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":3,"state":"verifying","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(4,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',4,'verify','olga',1780000001000,'','{}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":4,"state":"filed","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(5,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',5,'dispatch','dima',1780000001000,'','{"department":"drainage","term":{"unit":"hour","amount":4.0}}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":5,"state":"dispatched","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(6,'99d3c79e-3c57-49c1-8271-8ca5f756beaf',6,'take','dora',1780000001000,'','{}','{"case_id":"99d3c79e-3c57-49c1-8271-8ca5f756beaf","number":"2026-000001","revision":6,"state":"in_progress","source":"hotline","problem":"cover-open","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[{"event_id":"683e235e-85f8-4df7-af37-97ee17456283","rule":"cover-open","subject":"MH-1","open":true,"revision":1}],"department":"drainage","proposed_department":null,"handler":"dora","occurred_at_ms":1779996400000,"reported_at_ms":1780000000000,"filed_at_ms":1780000001000,"dispatched_at_ms":1780000001000,"handled_at_ms":null,"closed_at_ms":null,"deadline":{"term":{"unit":"hour","amount":4.0},"started_at_ms":1780000001000,"due_at_ms":1780014401000,"left_ms":null},"extension":null,"extensions":0,"dispatches":1,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
INSERT INTO cases_history VALUES(7,'1aaad7ba-fae4-4396-9a0b-8105364647e6',1,'report','olga',1780000002000,'','{}','{"case_id":"1aaad7ba-fae4-4396-9a0b-8105364647e6","number":"2026-000002","revision":1,"state":"reported","source":"hotline","problem":"lamp-out","title":{"en":"Cover open","zh":"井盖开启"},"severity":"minor","description":"门前路灯 it''s dark; 100% \\ off","class_code":null,"component_code":null,"kind":null,"subject":null,"area":"320582/110/152/102","address":"","lon":null,"lat":null,"reporter":"","trusted":false,"events":[],"department":null,"proposed_department":null,"handler":null,"occurred_at_ms":1779996400000,"reported_at_ms":1780000002000,"filed_at_ms":null,"dispatched_at_ms":null,"handled_at_ms":null,"closed_at_ms":null,"deadline":null,"extension":null,"extensions":0,"dispatches":0,"returns":0,"reworks":0,"urges":0,"resumes_to":null,"merged_into":null,"hold_until_ms":null}',0);
CREATE TABLE cases_events (
	event_id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	PRIMARY KEY (event_id)
);
INSERT INTO cases_events VALUES('683e235e-85f8-4df7-af37-97ee17456283','99d3c79e-3c57-49c1-8271-8ca5f756beaf');
CREATE TABLE cases_held (
	event_id VARCHAR(36) NOT NULL, 
	until_ms BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (event_id)
);
CREATE TABLE cases_absorbed (
	event_id VARCHAR(36) NOT NULL, 
	rule VARCHAR(64) NOT NULL, 
	until_ms BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (event_id)
);
CREATE TABLE cases_keys (
	reporter VARCHAR(100) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	PRIMARY KEY (reporter, "key")
);
INSERT INTO cases_keys VALUES('olga','a1','2d3b3696fa52123884896538c3c6ab8b1b6d3ebdbe7dd9f2e0c390aefa0f6b34','99d3c79e-3c57-49c1-8271-8ca5f756beaf');
CREATE TABLE cases_numbers (
	year INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (year)
);
INSERT INTO cases_numbers VALUES(2026,2);
CREATE TABLE cases_positions (
	follower VARCHAR(100) NOT NULL, 
	topic VARCHAR(200) NOT NULL, 
	partition INTEGER NOT NULL, 
	"offset" BIGINT NOT NULL, 
	PRIMARY KEY (follower, topic, partition)
);
INSERT INTO cases_positions VALUES('desk','city.events',0,7);
CREATE TABLE cases_attachments (
	attachment_id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	media_type VARCHAR(32) NOT NULL, 
	size BIGINT NOT NULL, 
	content VARCHAR(64) NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (attachment_id)
);
CREATE TABLE people_departments (
	name VARCHAR(64) NOT NULL, 
	title_en VARCHAR(200) NOT NULL, 
	title_zh VARCHAR(200) NOT NULL, 
	active BOOLEAN NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO people_departments VALUES('drainage','Drainage','排水',1);
CREATE TABLE people_users (
	username VARCHAR(64) NOT NULL, 
	display_name VARCHAR(200) NOT NULL, 
	email VARCHAR(320), 
	phone VARCHAR(32), 
	roles TEXT NOT NULL, 
	departments TEXT NOT NULL, 
	areas TEXT NOT NULL, 
	password_hash VARCHAR(256), 
	oidc_subject VARCHAR(400), 
	active BOOLEAN NOT NULL, 
	failed_logins INTEGER NOT NULL, 
	locked_until_ms BIGINT, 
	created_at_ms BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (username), 
	UNIQUE (oidc_subject)
);
INSERT INTO people_users VALUES('olga','Olga','olga@city.example',NULL,'["operator"]','[]','[]','$argon2id$v=19$m=8,t=1,p=1$X+zrZv/IbzjZUnhsbWlseQ$yOL+jHwLhi6Lxd2bxHVtc7cb31c9Z1LbqlsuLAz1blY',NULL,1,0,NULL,1779999992000,2);
INSERT INTO people_users VALUES('dora','',NULL,NULL,'["department"]','["drainage"]','["320582/110"]',NULL,NULL,1,0,NULL,1779999993000,1);
CREATE TABLE people_sessions (
	secret_hash VARCHAR(64) NOT NULL, 
	username VARCHAR(64) NOT NULL, 
	created_at_ms BIGINT NOT NULL, 
	used_at_ms BIGINT NOT NULL, 
	ends_at_ms BIGINT NOT NULL, 
	PRIMARY KEY (secret_hash)
);
INSERT INTO people_sessions VALUES('46015aa7d30761508483c8c6dda0e9a60d9c2b3d7f163b6ffa31ab76efa591ba','olga',1779999995000,1779999995000,1780043195000);
CREATE TABLE people_tokens (
	token_id VARCHAR(16) NOT NULL, 
	username VARCHAR(64) NOT NULL, 
	label VARCHAR(200) NOT NULL, 
	secret_hash VARCHAR(64) NOT NULL, 
	scopes TEXT NOT NULL, 
	created_at_ms BIGINT NOT NULL, 
	used_at_ms BIGINT, 
	ends_at_ms BIGINT, 
	revoked_at_ms BIGINT, 
	PRIMARY KEY (token_id)
);
INSERT INTO people_tokens VALUES('4b227777d4dd1fc6','dora','van 7','34d7c2b38f0b6745c07c7e4686ecf60d5360a0c0faf4f53f45f3df14d276731c','["cases:act","read"]',1779999996000,NULL,NULL,NULL);
CREATE TABLE people_audit (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at_ms BIGINT NOT NULL, 
	actor VARCHAR(100) NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	subject VARCHAR(400) NOT NULL, 
	details TEXT NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL
);
INSERT INTO people_audit VALUES(1,1779999991000,'setup','department-added','department/drainage','{"active":true,"name":"drainage","title":{"en":"Drainage","zh":"排水"}}','0000000000000000000000000000000000000000000000000000000000000000','e8cd18788d1c1ee5e9be45a4eef348c1a827acfacabea4dc452ec3d9b85815e9');
INSERT INTO people_audit VALUES(2,1779999992000,'setup','user-added','user/olga','{"areas":[],"departments":[],"roles":["operator"]}','e8cd18788d1c1ee5e9be45a4eef348c1a827acfacabea4dc452ec3d9b85815e9','102dfd4295f40b3b1ed8918fa2a9008355105d1f582b8935a2abb9e1fbe1bec6');
INSERT INTO people_audit VALUES(3,1779999993000,'setup','user-added','user/dora','{"areas":["320582/110"],"departments":["drainage"],"roles":["department"]}','102dfd4295f40b3b1ed8918fa2a9008355105d1f582b8935a2abb9e1fbe1bec6','474fd7c289e72a35a2d17b20a7b2861878d0a0d97f45f745355e1ee20e2c3ae9');
INSERT INTO people_audit VALUES(4,1779999994000,'setup','password-changed','user/olga','{"sessions":0}','474fd7c289e72a35a2d17b20a7b2861878d0a0d97f45f745355e1ee20e2c3ae9','19d518e27a4c8219e52ca58cb469d8738d9f2e76a76999e11f10025f0daa7360');
INSERT INTO people_audit VALUES(5,1779999995000,'olga','login','user/olga','{"by":"password"}','19d518e27a4c8219e52ca58cb469d8738d9f2e76a76999e11f10025f0daa7360','5c28c28b8b52b0819e8365f57d5f19247cefbae6f4a5e9c5d15033be5813af4d');
INSERT INTO people_audit VALUES(6,1779999996000,'dora','token-made','token/4b227777d4dd1fc6','{"ends_at_ms":null,"label":"van 7","scopes":["cases:act","read"],"user":"dora"}','5c28c28b8b52b0819e8365f57d5f19247cefbae6f4a5e9c5d15033be5813af4d','bda6ee60208997ef9f467b631ce20aed8b11615a875b15d8e6b8cd5dcb63d980');
INSERT INTO people_audit VALUES(7,1780000000000,'olga','case.report','case/2026-000001','{"note":"","revision":1}','bda6ee60208997ef9f467b631ce20aed8b11615a875b15d8e6b8cd5dcb63d980','a838d34a7db59a6928cbcd69cfaf0d18bcff02bb703cf6714d1a3edd4c1899a0');
INSERT INTO people_audit VALUES(8,1780000001000,'olga','case.accept','case/2026-000001','{"note":"","revision":2}','a838d34a7db59a6928cbcd69cfaf0d18bcff02bb703cf6714d1a3edd4c1899a0','641bb8f1aa938f7d3b584fe543fad2b876884451a7b19d89ecd2eb14a0ae3afe');
INSERT INTO people_audit VALUES(9,1780000001000,'olga','case.send_to_verify','case/2026-000001','{"note":"","revision":3}','641bb8f1aa938f7d3b584fe543fad2b876884451a7b19d89ecd2eb14a0ae3afe','f04cfa3d1199aa48f2ccb36e3b1522206bcf2f2cee67316c4e450f7c62643ade');
INSERT INTO people_audit VALUES(10,1780000001000,'olga','case.verify','case/2026-000001','{"note":"","revision":4}','f04cfa3d1199aa48f2ccb36e3b1522206bcf2f2cee67316c4e450f7c62643ade','34689c66d5b51976aa44d4783cd766a97da3f90e6dc48097b54bb5a94c6251a1');
INSERT INTO people_audit VALUES(11,1780000001000,'dima','case.dispatch','case/2026-000001','{"department":"drainage","note":"","revision":5,"term":{"amount":4.0,"unit":"hour"}}','34689c66d5b51976aa44d4783cd766a97da3f90e6dc48097b54bb5a94c6251a1','64f00564cb6843080585d61e26f46e027c0c55f557e458e658a614925b934a74');
INSERT INTO people_audit VALUES(12,1780000001000,'dora','case.take','case/2026-000001','{"note":"","revision":6}','64f00564cb6843080585d61e26f46e027c0c55f557e458e658a614925b934a74','9ec5b191f4732884646d5ca7e00473bb6d3cf5b20b549a11ad8a8aa2c720bdc8');
INSERT INTO people_audit VALUES(13,1780000002000,'olga','case.report','case/2026-000002','{"note":"","revision":1}','9ec5b191f4732884646d5ca7e00473bb6d3cf5b20b549a11ad8a8aa2c720bdc8','40058d775ba5a6d957113c7a63560772043e7344e382e77d2e3c466e0a3f9870');
CREATE TABLE notify_messages (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message_id VARCHAR(36) NOT NULL, 
	case_id VARCHAR(36) NOT NULL, 
	occasion VARCHAR(32) NOT NULL, 
	critical BOOLEAN NOT NULL, 
	channel VARCHAR(64) NOT NULL, 
	address VARCHAR(320) NOT NULL, 
	person VARCHAR(64), 
	body TEXT NOT NULL, 
	created_at_ms BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	not_before_ms BIGINT NOT NULL, 
	delivery_id VARCHAR(36), 
	tries INTEGER NOT NULL, 
	first_tried_at_ms BIGINT, 
	ended_at_ms BIGINT, 
	reason TEXT NOT NULL, 
	UNIQUE (message_id)
);
CREATE TABLE notify_buckets (
	channel VARCHAR(64) NOT NULL, 
	address VARCHAR(320) NOT NULL, 
	full_at_ms BIGINT NOT NULL, 
	PRIMARY KEY (channel, address)
);
CREATE TABLE notify_watches (
	case_id VARCHAR(36) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	since_ms BIGINT NOT NULL, 
	since_revision INTEGER NOT NULL, 
	steps_told INTEGER NOT NULL, 
	deadline_told VARCHAR(200) NOT NULL, 
	next_ms BIGINT, 
	PRIMARY KEY (case_id)
);
CREATE TABLE notify_preferences (
	username VARCHAR(64) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (username)
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('people_audit',13);
INSERT INTO sqlite_sequence VALUES('cases_history',7);
CREATE INDEX ix_devices_kind ON devices (kind, device_id);
CREATE INDEX ix_devices_area ON devices (area);
CREATE INDEX ix_devices_parent_id ON devices (parent_id);
CREATE UNIQUE INDEX uq_devices_dev_eui ON devices (dev_eui) WHERE state <> 'retired';
CREATE INDEX ix_devices_unpublished ON devices (device_id) WHERE published_version < version;
CREATE INDEX ix_devices_place ON devices (lat, lon);
CREATE INDEX ix_devices_mn ON devices (mn);
CREATE INDEX ix_devices_sparkplug ON devices (sparkplug);
CREATE INDEX ix_registry_audit_subject ON registry_audit (subject_kind, subject, number);
CREATE INDEX ix_credentials_holder ON credentials (holder);
CREATE INDEX ix_cases_open_by_reported ON cases (ended, reported_at_ms, case_id, area, severity, problem, words);
CREATE INDEX ix_cases_open_by_due ON cases (ended, due_at_ms, case_id);
CREATE INDEX ix_cases_state ON cases (state, reported_at_ms, case_id);
CREATE INDEX ix_cases_department ON cases (department, ended, reported_at_ms, case_id);
CREATE INDEX ix_cases_problem ON cases (problem, reported_at_ms);
CREATE UNIQUE INDEX ix_cases_history_case ON cases_history (case_id, revision);
CREATE INDEX ix_cases_history_steps ON cases_history (case_id, revision, transition, at_ms);
CREATE INDEX ix_cases_history_unpublished ON cases_history (sequence) WHERE published = 0;
CREATE INDEX ix_cases_events_case ON cases_events (case_id);
CREATE INDEX ix_cases_held_until ON cases_held (until_ms);
CREATE INDEX ix_cases_absorbed_rule ON cases_absorbed (rule);
CREATE UNIQUE INDEX ix_cases_attachments_case ON cases_attachments (case_id, content);
CREATE INDEX ix_people_sessions_username ON people_sessions (username);
CREATE INDEX ix_people_tokens_username ON people_tokens (username);
CREATE INDEX ix_people_audit_actor ON people_audit (actor, sequence);
CREATE INDEX ix_people_audit_subject ON people_audit (subject, sequence);
CREATE INDEX ix_notify_messages_state ON notify_messages (state, channel, address);
CREATE INDEX ix_notify_messages_case ON notify_messages (case_id);
CREATE INDEX ix_notify_messages_delivery ON notify_messages (delivery_id);
CREATE INDEX ix_notify_messages_ended ON notify_messages (state, ended_at_ms);
CREATE INDEX ix_notify_watches_next ON notify_watches (next_ms);
COMMIT;
