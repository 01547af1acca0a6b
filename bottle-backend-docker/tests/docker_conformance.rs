//! The suite on a real engine.

mod harness;

bottle_backend::conformance_suite!(crate::harness::docker);
