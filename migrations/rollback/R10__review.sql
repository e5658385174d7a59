-- Back to a log nobody has written beside; what was said of it, and who kept their access, goes with it.
DROP TABLE public.access_review_verdicts, public.access_reviews, public.review_marks, public.entry_annotations;
DROP FUNCTION public.nexus_guard_verdict();
DROP FUNCTION public.nexus_freeze_access();
DROP FUNCTION public.nexus_guard_access_review();
DROP FUNCTION public.nexus_guard_mark();
DROP FUNCTION public.nexus_guard_annotation();
DROP FUNCTION public.nexus_entry_of(text, uuid);
DROP FUNCTION public.nexus_reviewer();
