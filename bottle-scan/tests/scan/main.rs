//! What the scanner promises, through its public interface.

mod budget;
mod encodings;
mod known;
mod packed;
mod splits;
mod support;
mod surroundings;
