use super::*;

fn check(text: &str, expected: &str) {
    assert_eq!(rebuild(text), expected, "{text}");
}

fn url(original: &str, expected: Option<&str>) {
    assert_eq!(address(original).as_deref(), expected, "{original}");
}

#[test]
fn addresses_lose_what_is_secret_in_them() {
    url("https://host/a.git", Some("https://host/a.git"));
    url(
        "https://user:token@host:8443/a.git",
        Some("https://host:8443/a.git"),
    );
    url(
        "https://token@host/a.git?key=secret#secret",
        Some("https://host/a.git"),
    );
    url("https://us@er:tok@en@host/a", Some("https://host/a"));
    url("ssh://git@host/a.git", Some("ssh://git@host/a.git"));
    url(
        "ssh://git:password@host:22/a.git",
        Some("ssh://git@host:22/a.git"),
    );
    url("ssh://host/a.git", Some("ssh://host/a.git"));
    url("git@host:a/b.git", Some("git@host:a/b.git"));
    url("git://user@host/a", Some("git://host/a"));
}

#[test]
fn addresses_that_run_programs_or_name_the_host_are_left_out() {
    for gone in [
        "ext::sh -c evil",
        "file:///home/user/repo",
        "/home/user/repo",
        "../other",
        "a/b:c",
        "",
        "fd::3",
        "https://a\n/b",
    ] {
        url(gone, None);
    }
}

#[test]
fn only_known_keys_are_kept() {
    check(
        "[core]\n\tfileMode = true\n\tsshCommand = evil\n\thooksPath = /x\n\tfsmonitor = evil\n\tpager = evil\n\teditor = evil\n",
        "[core]\n\tfilemode = \"true\"\n",
    );
    check(
        "[include]\n\tpath = ~/secrets\n[includeIf \"gitdir:x\"]\n\tpath = y\n[alias]\n\tx = !evil\n",
        "",
    );
    check(
        "[http \"https://host\"]\n\textraHeader = Authorization: x\n[credential]\n\thelper = !evil\n",
        "",
    );
    check("[url \"https://token@host/\"]\n\tinsteadOf = https://host/\n", "");
    check(
        "[remote \"o\"]\n\tproxy = http://u:p@x\n\tuploadpack = evil\n\tvcs = evil\n",
        "",
    );
    check(
        "[filter \"lfs\"]\n\tsmudge = evil\n[diff \"x\"]\n\ttextconv = evil\n[user]\n\tname = n\n",
        "",
    );
    check(
        "[branch \"main\"]\n\tremote = o\n\tmerge = refs/heads/main\n\tpushRemote = https://token@host\n",
        "[branch \"main\"]\n\tremote = \"o\"\n\tmerge = \"refs/heads/main\"\n",
    );
}

#[test]
fn the_syntax_is_gits_own() {
    let kept = "[core]\n\tbare = \"false\"\n";
    for text in [
        "[core] \n bare=false",
        "[CORE]\nBARE = false ; comment",
        "[core]\n\tbare = fal\\\nse\n",
        "[core]\n\tbare = \"false\" # comment\n",
        "# [x]\n[core]\n\tbare = false\n[remote \"unclosed]\nurl = https://host/a\n",
    ] {
        check(text, kept);
    }
    check("[core]\n\tbare\n", "[core]\n\tbare = \"true\"\n");
    check(
        "[remote \"a\\\"b\\\\c\"]\n\turl = https://h/x\n",
        "[remote \"a\\\"b\\\\c\"]\n\turl = \"https://h/x\"\n",
    );
    check("bare = false\n[core\nbare = false\n", "");
}

#[test]
fn no_text_makes_it_panic_or_keeps_a_token() {
    proptest::proptest!(|(text in "(\\[(core|remote|url|branch) ?\"?[a-z\\\\\"]{0,5}\"?\\]|[a-z]{1,6} ?= ?|https://[a-z]{0,4}SECRET@h/|[\\\\\"#;\n\t ]){0,40}")| {
        proptest::prop_assert!(!rebuild(&text).contains("SECRET@"), "{}", rebuild(&text));
    });
    proptest::proptest!(|(text: String)| {
        // What was rebuilt is stable: nothing of it reads differently the next time.
        let once = rebuild(&text);
        proptest::prop_assert_eq!(rebuild(&once), once);
    });
}
