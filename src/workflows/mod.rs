//! What happens when somebody presses a button that is not Save?
