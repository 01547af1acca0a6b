//! The suite on microVMs, where smolvm is installed and KVM works: in the lab, or on a machine that has both.
#![cfg(test)]

mod harness;

bottle_backend::conformance_suite!(crate::harness::smol);
