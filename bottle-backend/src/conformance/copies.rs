//! Promises about files on their way in and out.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use bottle_plan::paths::GuestPath;

use super::bottles::{Running, chain, lacks, start, text};
use super::{Ability, Harness};
use crate::{CopyError, CopyOwner, PutFile};

async fn home(run: &Running) -> GuestPath {
    let home = text(&run.sh("printf %s \"$HOME\"").await.stdout);
    home.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn below(base: &GuestPath, path: &str) -> GuestPath {
    base.join(path).unwrap_or_else(|error| panic!("{error}"))
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
}

fn write(path: &Path, content: &str, mode: u32) {
    let made =
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).and_then(|()| fs::write(path, content));
    let made = made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

async fn copy_in(run: &Running, host: &Path, guest: &GuestPath) {
    let copied = run.bottle.cp_in(host, guest, CopyOwner::Agent).await;
    copied.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

async fn copy_out(run: &Running, guest: &GuestPath, host: &Path) {
    let copied = run.bottle.cp_out(guest, host).await;
    copied.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

pub async fn files_are_put_with_mode_and_owner(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    let file = |path: &str, mode, content: Option<&str>| PutFile {
        path: below(&home, path),
        mode,
        content: content.map(|text| text.as_bytes().to_vec()),
    };
    let files = [
        file("deep er/down/secret", 0o600, Some("content\n")),
        file("run", 0o755, Some("#!/bin/sh\necho ran\n")),
        file("folder", 0o700, None),
    ];
    let put = run.bottle.put(&files, CopyOwner::Agent).await;
    put.unwrap_or_else(|error| panic!("{}", chain(&error)));
    run.prints("cd \"$HOME\"; cat 'deep er/down/secret'; ./run", "content\nran\n")
        .await;
    run.prints(
        "cd \"$HOME\"; stat -c %a 'deep er' 'deep er/down/secret' run folder",
        "755\n600\n755\n700\n",
    )
    .await;
    if !lacks(harness, Ability::Users) {
        let owners = "cd \"$HOME\"; stat -c %u:%g . 'deep er/down' 'deep er/down/secret'";
        run.prints(owners, "1000:1000\n1000:1000\n1000:1000\n").await;
    }
    if !lacks(harness, Ability::Owners) {
        let put = run
            .bottle
            .put(&[file("root", 0o644, Some(""))], CopyOwner::Root)
            .await;
        put.unwrap_or_else(|error| panic!("{}", chain(&error)));
        run.prints("stat -c %u:%g \"$HOME/root\"", "0:0\n").await;
    }
    run.end().await;
}

pub async fn a_folder_is_copied_in_as_it_is(harness: &dyn Harness) {
    let run = start(harness).await;
    let folder = scratch();
    write(&folder.path().join("a b/naïve 日本.txt"), "text", 0o640);
    write(&folder.path().join("tool"), "#!/bin/sh\necho tool\n", 0o755);
    symlink("../tool", folder.path().join("a b/link")).unwrap_or_else(|error| panic!("{error}"));
    fs::create_dir(folder.path().join("empty")).unwrap_or_else(|error| panic!("{error}"));
    let home = home(&run).await;
    copy_in(&run, folder.path(), &below(&home, "in/skill")).await;
    let script = "cd \"$HOME/in/skill\"; cat 'a b/naïve 日本.txt'; './a b/link'; readlink 'a b/link'; ls -d empty; \
                  stat -c %a 'a b/naïve 日本.txt' tool";
    run.prints(script, "texttool\n../tool\nempty\n640\n755\n").await;
    let single = folder.path().join("tool");
    copy_in(&run, &single, &below(&home, "one")).await;
    run.prints("\"$HOME/one\"", "tool\n").await;
    if !lacks(harness, Ability::Users) {
        run.prints(
            "stat -c %u \"$HOME/in\" \"$HOME/in/skill/tool\" \"$HOME/one\"",
            "1000\n1000\n1000\n",
        )
        .await;
    }
    run.end().await;
}

pub async fn copy_in_follows_no_link_out(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    let outside = scratch();
    write(&outside.path().join("secret"), "do not copy", 0o644);
    let targets = [
        outside.path().join("secret"),
        "../secret".into(),
        "sub/../../secret".into(),
        "/etc/passwd".into(),
    ];
    for (number, target) in targets.iter().enumerate() {
        let folder = scratch();
        write(&folder.path().join("ordinary"), "fine", 0o644);
        symlink(target, folder.path().join("link")).unwrap_or_else(|error| panic!("{error}"));
        let to = below(&home, &format!("links{number}"));
        let copied = run.bottle.cp_in(folder.path(), &to, CopyOwner::Agent).await;
        assert!(
            matches!(&copied, Err(CopyError::LinkLeaves { path }) if path.ends_with("link")),
            "{copied:?}"
        );
    }
    run.prints("grep -rs 'do not copy' \"$HOME\" | wc -l | tr -d ' '", "0\n")
        .await;
    run.end().await;
}

pub async fn what_is_copied_out_is_what_was_there(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    let script = "cd \"$HOME\"; mkdir -p 'out/a b'; printf one > 'out/a b/one'; chmod 755 'out/a b/one'; \
                  ln -s one 'out/a b/link'; : > out/empty";
    run.prints(script, "").await;
    let into = scratch();
    copy_out(&run, &below(&home, "out"), into.path()).await;
    let out = into.path().join("out");
    assert_eq!(
        fs::read_to_string(out.join("a b/one")).ok().as_deref(),
        Some("one")
    );
    assert_eq!(
        fs::read_link(out.join("a b/link")).ok().as_deref(),
        Some(Path::new("one"))
    );
    assert!(out.join("empty").is_file());
    let one = fs::metadata(out.join("a b/one")).unwrap_or_else(|error| panic!("{error}"));
    let ours = fs::metadata(into.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(one.permissions().mode() & 0o777, 0o755);
    assert_eq!(
        (one.uid(), one.gid()),
        (ours.uid(), ours.gid()),
        "what is copied out is the caller's"
    );
    copy_out(&run, &below(&home, "out/a b/one"), into.path()).await;
    assert_eq!(
        fs::read_to_string(into.path().join("one")).ok().as_deref(),
        Some("one")
    );
    run.end().await;
}

pub async fn copied_out_files_are_tamed(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    let into = scratch();
    let outside = scratch();
    let script = format!(
        "cd \"$HOME\"; mkdir -p out/d; ln -s / out/root; ln -s ../../.. out/d/up; ln -s .. out/d/back; \
         ln -s {} out/abs; mkfifo out/fifo; printf x > out/suid; chmod 4755 out/suid; ln out/suid out/second",
        outside.path().display()
    );
    run.prints(&script, "").await;
    copy_out(&run, &below(&home, "out"), into.path()).await;
    let out = into.path().join("out");
    for gone in ["root", "d/up", "abs", "fifo"] {
        assert!(fs::symlink_metadata(out.join(gone)).is_err(), "{gone} was copied");
    }
    for file in ["suid", "second"] {
        let mode = fs::metadata(out.join(file)).map(|meta| meta.permissions().mode());
        assert!(matches!(mode, Ok(mode) if mode & 0o7000 == 0), "{file}: {mode:?}");
    }
    assert!(
        fs::symlink_metadata(out.join("d/back")).is_ok(),
        "a link that stays was left out"
    );
    // A link that lies in the way on the host is replaced, not written through.
    let victim = outside.path().join("victim");
    write(&victim, "intact", 0o644);
    fs::remove_file(out.join("suid"))
        .and_then(|()| symlink(&victim, out.join("suid")))
        .unwrap_or_else(|e| panic!("{e}"));
    copy_out(&run, &below(&home, "out"), into.path()).await;
    assert_eq!(fs::read_to_string(&victim).ok().as_deref(), Some("intact"));
    run.end().await;
}

pub async fn copying_what_is_not_there_is_an_error(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    let into = scratch();
    assert!(
        run.bottle
            .cp_out(&below(&home, "nothing"), into.path())
            .await
            .is_err()
    );
    let missing = into.path().join("nothing");
    let copied = run
        .bottle
        .cp_in(&missing, &below(&home, "x"), CopyOwner::Agent)
        .await;
    assert!(matches!(copied, Err(CopyError::Host { .. })), "{copied:?}");
    run.end().await;
}

pub async fn a_gibibyte_goes_both_ways(harness: &dyn Harness) {
    let pieces: usize = match harness.is_slow() {
        true => 8,
        false => 1024,
    };
    let run = start(harness).await;
    let home = home(&run).await;
    let (folder, into) = (scratch(), scratch());
    let piece: Vec<u8> = (0..1_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let big = folder.path().join("big");
    let written = fs::File::create(&big).and_then(|mut file| {
        (0..pieces).try_for_each(|number| {
            file.write_all(&number.to_le_bytes())
                .and_then(|()| file.write_all(&piece))
        })
    });
    written.unwrap_or_else(|error| panic!("{error}"));
    copy_in(&run, &big, &below(&home, "big")).await;
    let gone = fs::remove_file(&big);
    gone.unwrap_or_else(|error| panic!("{error}"));
    copy_out(&run, &below(&home, "big"), into.path()).await;
    let mut back = fs::File::open(into.path().join("big")).unwrap_or_else(|error| panic!("{error}"));
    let (mut number, mut read) = ([0; size_of::<usize>()], vec![0; piece.len()]);
    for expected in 0..pieces {
        let whole = back
            .read_exact(&mut number)
            .and_then(|()| back.read_exact(&mut read));
        whole.unwrap_or_else(|error| panic!("piece {expected}: {error}"));
        assert_eq!(usize::from_le_bytes(number), expected);
        assert!(read == piece, "piece {expected} is another one");
    }
    assert!(matches!(back.read(&mut number), Ok(0)), "there is more");
    run.end().await;
}

pub async fn an_endless_file_is_not_copied_out(harness: &dyn Harness) {
    let run = start(harness).await;
    let home = home(&run).await;
    run.prints("truncate -s 16492674416640 \"$HOME/holes\"", "").await;
    let into = scratch();
    let copied = run.bottle.cp_out(&below(&home, "holes"), into.path()).await;
    assert!(matches!(copied, Err(CopyError::Guest { .. })), "{copied:?}");
    let written = fs::read_dir(into.path()).map(Iterator::count);
    assert_eq!(written.ok(), Some(0), "not a byte of it is written");
    run.end().await;
}
