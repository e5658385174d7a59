//! What does somebody see first, in their role?
