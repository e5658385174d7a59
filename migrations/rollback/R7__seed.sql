-- Takes away the rows the console brought, changed since or not, and no others. A row something refers to stops it.
DELETE FROM public.ssot_api_aliases
 WHERE id IN ('0194a50e-d400-7bd7-8261-6647155e080f',
               '0194a50e-d400-7209-aa72-01685d4f1cb9',
               '0194a50e-d400-7e03-bd6c-169ad9bc8870',
               '0194a50e-d400-7d2b-9a92-a5dd1a631698',
               '0194a50e-d400-7f49-a208-5957615c50a3',
               '0194a50e-d400-7930-a23b-fb989bbabfbd');
DELETE FROM public.ssot_api_contracts
 WHERE id IN ('0194a50e-d400-7bf7-b66a-9bad6fda0b1d',
               '0194a50e-d400-7d35-bb1e-7b7adb364d18',
               '0194a50e-d400-7bf6-aaf4-f2b34c8ac345',
               '0194a50e-d400-7df5-b898-16a75ec72d9b',
               '0194a50e-d400-72bb-b2f0-c4f7cb46b4e2');
DELETE FROM public.ssot_governance_rules
 WHERE id IN ('0194a50e-d400-7751-96f2-bbc1327b7d85',
               '0194a50e-d400-762f-ad47-dc039bebee10',
               '0194a50e-d400-77cb-a12c-324720cb5c44',
               '0194a50e-d400-79c6-841c-988c97e62e0b',
               '0194a50e-d400-7c83-a07a-325cdbd055c0');
DELETE FROM public.system_settings
 WHERE id IN ('0194a50e-d400-7f3b-b142-b215ba92e3eb',
               '0194a50e-d400-7b2f-9280-05c652255ade',
               '0194a50e-d400-7907-9a83-04bd70202b05',
               '0194a50e-d400-77a1-a5ae-98bc6c46a266',
               '0194a50e-d400-7ceb-84ff-5bebcc6c2c36',
               '0194a50e-d400-7f3b-8d0a-6edcc7fcee2c');
