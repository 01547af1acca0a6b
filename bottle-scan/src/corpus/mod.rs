//! What people really store and send, for tests and benches: so much of each kind, the same each time on one machine.
//!
//! It is chosen from what packages brought to the machine; what no package carries is made up.

mod files;
mod traffic;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use files::File;

/// One kind of content, and how much of it is wanted.
struct Kind {
    name: &'static str,
    megabytes: usize,
    source: Source,
}

enum Source {
    /// Files whose names end so.
    Files(&'static [&'static str]),
    /// Scripts that a machine has put into long lines, or those that none has.
    Scripts { minified: bool },
    /// Made up, one after the other.
    MadeUp(fn(u64) -> Vec<u8>),
}

const KINDS: &[Kind] = &[
    kind("Rust", 45, Source::Files(&[".rs"])),
    kind(
        "C and C++",
        30,
        Source::Files(&[".c", ".h", ".cc", ".cpp", ".hpp", ".S"]),
    ),
    kind("Python", 25, Source::Files(&[".py"])),
    kind("Perl and shell", 5, Source::Files(&[".pl", ".pm", ".sh"])),
    kind("JavaScript", 6, Source::Scripts { minified: false }),
    kind("minified JavaScript", 8, Source::Scripts { minified: true }),
    kind("lock files", 3, Source::Files(&[".lock", "package-lock.json"])),
    kind("lock files of npm", 6, Source::MadeUp(traffic::lock_file)),
    kind(
        "configuration",
        3,
        Source::Files(&[".yaml", ".yml", ".toml", ".cfg", ".ini", ".conf"]),
    ),
    kind("JSON files", 6, Source::Files(&[".json"])),
    kind("JSON of APIs", 25, Source::MadeUp(traffic::api)),
    kind("logs", 12, Source::MadeUp(traffic::log)),
    kind(
        "images and fonts",
        7,
        Source::Files(&[".png", ".jpg", ".gif", ".svg", ".ico", ".woff2"]),
    ),
    kind("prose", 20, Source::Files(&[".md", ".txt", ".rst", "copyright"])),
    kind("packed prose", 4, Source::Files(&[".gz"])),
    kind("pages", 10, Source::Files(&[".html"])),
];

const fn kind(name: &'static str, megabytes: usize, source: Source) -> Kind {
    Kind {
        name,
        megabytes,
        source,
    }
}

/// What was found of all kinds.
pub struct Corpus {
    parts: Vec<(&'static Kind, Vec<Document>)>,
}

/// One text of it.
pub struct Document {
    kind: &'static str,
    size: usize,
    content: Content,
}

enum Content {
    File(PathBuf),
    MadeUp(u64, Vec<u8>),
}

impl Corpus {
    /// Chooses files from folders, and makes up what is made up.
    #[must_use]
    pub fn gather(folders: &[PathBuf]) -> Self {
        let files = files::all(folders);
        let parts = KINDS.iter().map(|kind| (kind, kind.gather(&files)));
        Self {
            parts: parts.collect(),
        }
    }

    /// Returns all texts, kind by kind.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.parts.iter().flat_map(|(_, documents)| documents)
    }

    /// Returns the size of all texts in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.documents().map(|document| document.size).sum()
    }

    /// Says of which kinds there is less than nine tenths of what is wanted; nothing if of none.
    #[must_use]
    pub fn missing(&self) -> String {
        let too_little = |(kind, documents): &(&Kind, Vec<Document>)| {
            let (name, wanted, size) = (kind.name, kind.megabytes, size_of(documents));
            (size < wanted * 900_000).then(|| format!("{name} {:.1} of {wanted} MB", size as f64 / 1e6))
        };
        self.parts
            .iter()
            .filter_map(too_little)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn size_of(documents: &[Document]) -> usize {
    documents.iter().map(|document| document.size).sum()
}

impl fmt::Display for Corpus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, documents) in &self.parts {
            let (name, size) = (kind.name, size_of(documents) as f64 / 1e6);
            writeln!(formatter, "{name:22} {:6} files {size:7.1} MB", documents.len())?;
        }
        write!(formatter, "{:22} {:20.1} MB", "all", self.size() as f64 / 1e6)
    }
}

impl Kind {
    fn gather(&self, files: &[File]) -> Vec<Document> {
        match self.source {
            Source::MadeUp(make) => self.first((0..).map(|number| self.made_up(number, make(number)))),
            Source::Files(endings) => {
                let fits = |file: &&File| endings.iter().any(|ending| file.ends_in(ending));
                self.first(files.iter().filter(fits).map(|file| self.file(file)))
            }
            Source::Scripts { minified } => {
                let fits = |file: &&File| file.ends_in(".js") && file.is_minified() == minified;
                self.first(files.iter().filter(fits).map(|file| self.file(file)))
            }
        }
    }

    /// Takes as many as are wanted.
    fn first(&self, mut documents: impl Iterator<Item = Document>) -> Vec<Document> {
        let (mut taken, mut size) = (Vec::new(), 0);
        while size < self.megabytes * 1_000_000
            && let Some(document) = documents.next()
        {
            size += document.size;
            taken.push(document);
        }
        taken
    }

    fn file(&self, file: &File) -> Document {
        let content = Content::File(file.path.clone());
        Document {
            kind: self.name,
            size: file.size,
            content,
        }
    }

    fn made_up(&self, number: u64, bytes: Vec<u8>) -> Document {
        Document {
            kind: self.name,
            size: bytes.len(),
            content: Content::MadeUp(number, bytes),
        }
    }
}

impl Document {
    /// Returns the name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns its bytes.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read.
    pub fn bytes(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.content {
            Content::File(path) => fs::read(path).map(Cow::Owned),
            Content::MadeUp(_, bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Returns the file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::File(path) => Some(path),
            Content::MadeUp(..) => None,
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::File(path) => write!(formatter, "{}", path.display()),
            Content::MadeUp(number, _) => write!(formatter, "{} {number}", self.kind),
        }
    }
}

/// Returns the folders of this machine that packages of Debian, npm, Python and Rust brought.
#[must_use]
pub fn folders() -> Vec<PathBuf> {
    let system = [
        "/usr/include",
        "/usr/lib/node_modules",
        "/usr/lib/python3",
        "/usr/lib/python3.11",
        "/usr/share",
    ];
    let mut folders: Vec<PathBuf> = system.map(PathBuf::from).into_iter().collect();
    folders.extend(files::registry());
    folders.extend(files::manuals());
    folders
}
