//! What an attacker would try in a machine of its own, and what is around that machine.

mod surroundings;

bottle_tests::escape_suite!(bottle_tests::escape::Wall::Machine);
