//! What an attacker would try in a bottle without an engine: by whoever runs the tests, and by an ordinary user, whom
//! the kernel does not tell from the agent.

mod own {
    bottle_tests::escape_suite!(bottle_tests::escape::Wall::Native);
}

mod ordinary_user {
    bottle_tests::escape_suite!(bottle_tests::escape::Wall::Ordinary);
}
