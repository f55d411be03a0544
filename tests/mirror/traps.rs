//! The traps of those who synchronised issues before, one by one, and what the engine costs.
