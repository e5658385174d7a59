-- $1: user names; $2: full names; $3: roles; $4: the hash of the password they share; $5: today.
INSERT INTO public.users (id, username, email, full_name, password_hash, is_active, is_verified, role, created_at, updated_at)
SELECT pg_temp.nexus_demo_staff_id(s.place, $5), s.username, s.username || '@example.com', s.full_name, $4, true, true, s.role,
       pg_temp.nexus_demo_time(($5 - date '1970-01-01' - 1000 + s.place)::bigint * 86400000),
       pg_temp.nexus_demo_time(($5 - date '1970-01-01' - 1000 + s.place)::bigint * 86400000)
  FROM (SELECT u.username, u.full_name, u.role, u.place - 1 AS place
          FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u (username, full_name, role, place)) AS s
