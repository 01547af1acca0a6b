//! What every part of a plugin is read against: its folder, its guest's paths, and the words that stand for them.

use bottle_document::{Diagnostic, Diagnostics, Entry, Node};
use bottle_plan::image::BuildContext;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::TrustStore;

use super::placeholders::Placeholders;
use super::{PluginFolder, field, system};
use crate::RuntimeImage;

/// What every part of a plugin is read against.
pub(super) struct Ground<'a> {
    pub(super) folder: &'a PluginFolder,
    pub(super) home: GuestPath,
    pub(super) trust: TrustStore,
    pub(super) fill: Placeholders,
}

impl<'a> Ground<'a> {
    /// Reads `guest_home` and `ca`, which the meaning of other texts depends on.
    pub(super) fn read(
        folder: &'a PluginFolder,
        node: &Node,
        guest_home: Option<&Entry>,
        ca: Option<&Entry>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let home = system::home(guest_home, diagnostics)?;
        let workspace = field::guest_path(&format!("{home}/workspace"), &node.span, diagnostics)?;
        let trust = system::trust(ca, diagnostics);
        let fill = Placeholders::new(&home, &workspace, &trust.bundle);
        Some(Self {
            folder,
            home,
            trust,
            fill,
        })
    }

    /// Finds the Dockerfile beside the file, or else takes an image that has all that is needed.
    pub(super) fn image(
        &self,
        node: &Node,
        image: Option<&Entry>,
        files: Option<&Entry>,
        diagnostics: &mut Diagnostics,
    ) -> Option<RuntimeImage> {
        if self.folder.has("Dockerfile") {
            if let Some(entry) = image {
                needless(entry, "`image` has no meaning beside a Dockerfile", diagnostics);
            }
            return self.context(files, diagnostics).map(RuntimeImage::Plugin);
        }
        if let Some(entry) = files {
            needless(
                entry,
                "`dockerfile_files` needs a Dockerfile beside provider.yaml",
                diagnostics,
            );
        }
        let Some(entry) = image else {
            let message = "a provider needs a Dockerfile beside this file, or `image`";
            diagnostics.report(Diagnostic::error("missing-key", message).at(&node.span.start()));
            return None;
        };
        let image = system::image(entry, diagnostics)?;
        Some(RuntimeImage::Dockerfile(format!("FROM {image}\n")))
    }

    /// The Dockerfile and what it may copy: all of it the user's own, and in the folder.
    fn context(&self, files: Option<&Entry>, diagnostics: &mut Diagnostics) -> Option<BuildContext> {
        diagnostics.accept(self.folder.check("Dockerfile"))?;
        let items = files
            .and_then(|entry| diagnostics.accept(entry.expect_list()))
            .unwrap_or_default();
        let mut files = Vec::new();
        for item in items {
            let name = diagnostics.accept(item.expect_string())?;
            let checked = self
                .folder
                .check(name)
                .map_err(|refused| refused.named_at(&item.span));
            diagnostics.accept(checked)?;
            files.push(name.into());
        }
        Some(BuildContext {
            dockerfile: self.folder.path.join("Dockerfile"),
            files,
        })
    }
}

fn needless(entry: &Entry, message: &str, diagnostics: &mut Diagnostics) {
    diagnostics.report(Diagnostic::error("needless-key", message).at(&entry.key.span));
}
