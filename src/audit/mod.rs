//! What does the audit trail say about a record?
