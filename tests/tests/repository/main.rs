//! What holds for every crate of the repository, whoever writes it.

mod layers;
mod manifests;
mod sources;
mod workspace;
