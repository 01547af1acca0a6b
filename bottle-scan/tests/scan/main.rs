//! What the scanner promises, through its public interface.
#![cfg(test)]

mod budget;
mod encodings;
mod known;
mod packed;
mod splits;
mod support;
mod surroundings;
