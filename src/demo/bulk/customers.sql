-- $1: transactions; $2: today.
INSERT INTO public.users (id, username, email, full_name, password_hash, is_active, is_verified, role, last_login, created_at, updated_at, created_by, updated_by)
SELECT c.id, c.username, c.email, c.full_name, c.password_hash, c.is_active, c.is_verified, c.role, c.last_login, c.created_at, c.updated_at,
       pg_temp.nexus_demo_staff_id(0, $2), pg_temp.nexus_demo_staff_id(0, $2)
  FROM generate_series(1, pg_temp.nexus_demo_customers($1)) AS n
 CROSS JOIN LATERAL pg_temp.nexus_demo_customer(n, $2) AS c
