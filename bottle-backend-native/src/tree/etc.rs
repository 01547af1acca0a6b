//! The guest's `/etc`: few of the host's files, and none that says who its people are.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bottle_guest::Mount;
use bottle_plan::BottlePlan;
use bottle_plan::provider::TrustStore;

use super::shown;
use crate::image::Image;

/// Files that programs cannot do without, or that say what everybody knows. Links are followed: they are the host's.
const COPIED: [&str; 16] = [
    "bash.bashrc",
    "ca-certificates.conf",
    "debian_version",
    "gai.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "localtime",
    "login.defs",
    "mime.types",
    "networks",
    "os-release",
    "profile",
    "protocols",
    "services",
    "timezone",
];
/// Folders of the same kind, shown as they are.
const SHOWN: [&str; 7] = [
    "alternatives",
    "fonts",
    "ld.so.conf.d",
    "perl",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
];
/// Beginnings of the names of further ones, which carry versions.
const SHOWN_VERSIONS: [&str; 2] = ["java-", "python"];
const USUAL_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where systems keep the bundle of the certificates that they trust.
const BUNDLES: [&str; 5] = [
    USUAL_BUNDLE,
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// The most bytes of a file that is copied.
const MOST: u64 = 4 << 20;

/// Writes the guest's own files, and calls `made` for each.
pub(super) fn fill(
    folder: &Path,
    image: &Image,
    plan: &BottlePlan,
    made: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        replace(&path, content, 0o644)?;
        made(&path)
    };
    for name in COPIED {
        // What is not there or not for everybody is not the guest's either.
        if let Ok(content) = image.read(&format!("etc/{name}"), MOST) {
            write(name, &content)?;
        }
    }
    for (name, content) in synthetic(plan) {
        write(name, content.as_bytes())?;
    }
    Ok(())
}

fn synthetic(plan: &BottlePlan) -> [(&'static str, String); 6] {
    let user = &plan.provider.user;
    let (name, home) = (&user.name, &plan.guest_home);
    let identity = &plan.identity;
    [
        (
            "passwd",
            format!(
                "root:x:0:0:root:/root:/bin/sh\n{name}:x:{}:{}::{home}:/bin/bash\n\
                 nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                user.uid, user.gid
            ),
        ),
        (
            "group",
            format!("root:x:0:\n{name}:x:{}:\nnogroup:x:65534:\n", user.gid),
        ),
        (
            "hosts",
            format!("127.0.0.1\tlocalhost {identity}\n127.0.0.1\tegress git-gate supervise\n"),
        ),
        ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_owned()),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"
                .to_owned(),
        ),
        ("hostname", format!("{identity}\n")),
    ]
}

/// Returns what of an image's `/etc` is shown as it is.
pub(super) fn of(image: &Image, empty: &Path) -> Vec<Mount> {
    let etc = image.root().join("etc");
    let versions = fs::read_dir(&etc)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            SHOWN_VERSIONS
                .iter()
                .any(|start| name.starts_with(start))
                .then_some(name)
        });
    let names = SHOWN.iter().map(|name| (*name).to_owned()).chain(versions);
    names
        .filter(|name| is_shown(image, &etc, name))
        // Where the bundle lies elsewhere, its usual place is the guest's own to make.
        .filter(|name| name != "ssl/certs" || image.open(USUAL_BUNDLE).is_ok())
        .map(|name| shown(&etc.join(&name), &Path::new("/etc").join(&name), empty))
        .collect()
}

/// The host's links are the host's own affair; those of a folder could lead anywhere.
fn is_shown(image: &Image, etc: &Path, name: &str) -> bool {
    let mut path = etc.to_owned();
    let plain = std::iter::once(None)
        .chain(Path::new(name).iter().map(Some))
        .all(|part| {
            path.extend(part);
            fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_symlink())
        });
    match image {
        Image::Host => etc.join(name).exists(),
        Image::Folder(_) => plain,
    }
}

/// Makes the files of the trust store: the bundle, which begins as the host's, and what rebuilds it.
pub(super) fn trust(files: &Path, image: &Image, trust: &TrustStore) -> io::Result<Vec<PathBuf>> {
    let bundle = BUNDLES.iter().find_map(|path| image.read(path, MOST).ok());
    let bundle = bundle.unwrap_or_default();
    let mut made = Vec::new();
    let mut write = |name: &str, content: &[u8], mode: u32| {
        let path = files.join(name);
        replace(&path, content, mode)?;
        made.push(path);
        io::Result::Ok(())
    };
    write("bundle.pem", &bundle, 0o644)?;
    // The folder around it is the host's, so nothing can be added but by our own program: it must look out of date.
    fs::File::options()
        .write(true)
        .open(files.join("bundle.pem"))?
        .set_modified(UNIX_EPOCH)?;
    write("etc/host-bundle.pem", &bundle, 0o644)?;
    let script = format!(
        "#!/bin/sh\n# Rebuilds the bundle from the host's and from what lies beside the bottle's certificate.\n\
         set -eu\ncat /etc/host-bundle.pem '{}'/*.crt > '{}'\n",
        trust.certificate.parent(),
        trust.bundle
    );
    write("update-trust", script.as_bytes(), 0o755)?;
    Ok(made)
}

/// Writes a file anew. What the agent may have put in its place is not written through.
fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::File::create_new(path)?;
    io::Write::write_all(&mut file, content)?;
    file.set_permissions(Permissions::from_mode(mode))
}
