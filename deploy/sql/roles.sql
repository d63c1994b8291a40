-- The database's roles: one owner of all schemas, who migrates and never serves; one serving role a daemon, who never owns. Run once, as a superuser.
-- The serving roles' grants stand in each schema's own migrations.
CREATE ROLE mohar_owner LOGIN;
CREATE ROLE mohar_cad LOGIN;
CREATE ROLE mohar_idpd LOGIN;
CREATE ROLE mohar_signerd LOGIN;
CREATE DATABASE mohar OWNER mohar_owner ENCODING 'UTF8' TEMPLATE template0;
\connect mohar
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE CONNECT ON DATABASE mohar FROM PUBLIC;
GRANT CONNECT ON DATABASE mohar TO mohar_owner, mohar_cad, mohar_idpd, mohar_signerd;
