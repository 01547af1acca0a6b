//! Labels: the owner's, and what has to be known to take a bottle up again without its plan.

use std::collections::HashMap;
use std::path::Path;

use bottle_backend::Owner;
use bottle_plan::door::Door;
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;

/// The label that every object of a bottle has.
pub(crate) const IDENTITY: &str = "bottle.identity";
const PART: &str = "bottle.part";
const AGENT: &str = "bottle.agent";
const DOORS: &str = "bottle.doors";
const WORKSPACE: &str = "bottle.workspace";

const MOUNTED: &str = "bottle.mounted";
const MADE: &str = "bottle.made";

/// What an object is to its bottle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Sidecar,
    Agent,
    Doors,
    Events,
    Mirrors,
    Workspace,
    Repository,
}

impl Part {
    pub(crate) const ALL: [Self; 7] = [
        Self::Agent,
        Self::Sidecar,
        Self::Doors,
        Self::Events,
        Self::Mirrors,
        Self::Workspace,
        Self::Repository,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Agent => "agent",
            Self::Doors => "doors",
            Self::Events => "events",
            Self::Mirrors => "mirrors",
            Self::Workspace => "workspace",
            Self::Repository => "git",
        }
    }
}

/// The agent's user, as numbers: names would be looked up in a file of the guest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl std::fmt::Display for AgentUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)
    }
}

impl std::str::FromStr for AgentUser {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        Ok(Self {
            uid: uid.parse()?,
            gid: gid.parse()?,
        })
    }
}

pub(crate) fn of(owner: &Owner, part: Part) -> HashMap<String, String> {
    let mut labels: HashMap<_, _> = owner
        .labels()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    labels.insert(PART.to_owned(), part.name().to_owned());
    labels
}

pub(crate) fn of_agent(
    owner: &Owner,
    user: AgentUser,
    workspace: &GuestPath,
    doors: &[Door],
) -> HashMap<String, String> {
    let mut labels = of(owner, Part::Agent);
    labels.insert(WORKSPACE.to_owned(), workspace.to_string());
    labels.insert(AGENT.to_owned(), user.to_string());
    let doors: Vec<&str> = doors.iter().map(|door| door.name()).collect();
    labels.insert(DOORS.to_owned(), doors.join(","));
    // An image has labels too, and may not say what is taken away on the host.
    labels.insert(MOUNTED.to_owned(), String::new());
    labels.insert(MADE.to_owned(), String::new());
    labels
}

/// Reads an object's owner and part; none for what is not of this program.
pub(crate) fn read(labels: &HashMap<String, String>) -> Option<(Owner, Part)> {
    let owner = Owner::from_labels(|name| labels.get(name).map(String::as_str))?;
    let part = labels.get(PART)?;
    let part = Part::ALL.into_iter().find(|known| known.name() == part)?;
    Some((owner, part))
}

/// What has to be known of a guest to take it up again without its plan.
#[derive(Debug, Clone)]
pub(crate) struct GuestFacts {
    /// Whom it is for.
    pub(crate) user: AgentUser,
    /// Where that user works.
    pub(crate) workspace: GuestPath,
    /// Whether that is the host's own folder.
    pub(crate) mounted: bool,
}

pub(crate) fn read_guest(labels: &HashMap<String, String>) -> Option<GuestFacts> {
    Some(GuestFacts {
        user: labels.get(AGENT)?.parse().ok()?,
        workspace: labels.get(WORKSPACE)?.parse().ok()?,
        mounted: read_mounted(labels).is_some(),
    })
}

/// Says which folder of the host's is mounted, and what was made in it.
pub(crate) fn of_mounted(folder: &Path, made: &[&str]) -> HashMap<String, String> {
    HashMap::from([
        (MOUNTED.to_owned(), folder.to_string_lossy().into_owned()),
        (MADE.to_owned(), made.join(",")),
    ])
}

pub(crate) fn read_mounted(labels: &HashMap<String, String>) -> Option<(&Path, Vec<&str>)> {
    let folder = labels.get(MOUNTED).filter(|folder| !folder.is_empty())?;
    let made = labels.get(MADE)?.split(',').filter(|name| !name.is_empty());
    Some((Path::new(folder), made.collect()))
}

/// Filters for the engine: everything of one bottle.
pub(crate) fn filter(identity: &Identity) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{IDENTITY}={identity}")])])
}

/// Filters for the engine: everything of any bottle.
pub(crate) fn filter_all() -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![IDENTITY.to_owned()])])
}
