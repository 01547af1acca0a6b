//! The cascade that decides which Dockerfile a bottle is made from.

use std::path::PathBuf;

use bottle_plan::image::{BuildContext, ImagePlan, ImageSource};

use crate::RuntimeImage;

/// Takes the first Dockerfile there is: the one bottle's own (`state/<identity>/Dockerfile`, when it exists), the
/// manifest's, the user plugin's, the provider's.
#[must_use]
pub fn image_plan(
    own: Option<PathBuf>,
    manifest: Option<&BuildContext>,
    provider: &str,
    default: RuntimeImage,
) -> ImagePlan {
    if let Some(dockerfile) = own {
        let reason = format!("{} overrides all others for this bottle", dockerfile.display());
        let source = ImageSource::BottleOverride(BuildContext {
            dockerfile,
            files: Vec::new(),
        });
        return ImagePlan { source, reason };
    }
    if let Some(context) = manifest {
        return ImagePlan {
            source: ImageSource::Manifest(context.clone()),
            reason: "the bottle names it in `agent_provider.dockerfile`".to_owned(),
        };
    }
    match default {
        RuntimeImage::Plugin(context) => ImagePlan {
            source: ImageSource::Plugin(context),
            reason: format!("it lies beside the plugin {provider}"),
        },
        RuntimeImage::Dockerfile(dockerfile) => ImagePlan {
            source: ImageSource::Provider { dockerfile },
            reason: format!("the bottle names no Dockerfile, so the provider {provider} decides"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(path: &str) -> BuildContext {
        BuildContext {
            dockerfile: path.into(),
            files: Vec::new(),
        }
    }

    fn check(own: bool, manifest: bool, plugin: bool, wanted: &ImageSource) {
        let default = match plugin {
            true => RuntimeImage::Plugin(context("/plugin")),
            false => RuntimeImage::Dockerfile("FROM x".to_owned()),
        };
        let named = manifest.then(|| context("/manifest"));
        let plan = image_plan(own.then(|| "/own".into()), named.as_ref(), "p", default);
        assert_eq!(&plan.source, wanted);
        assert!(!plan.reason.is_empty());
    }

    #[test]
    fn the_more_specific_dockerfile_wins() {
        check(true, true, true, &ImageSource::BottleOverride(context("/own")));
        check(false, true, true, &ImageSource::Manifest(context("/manifest")));
        check(false, false, true, &ImageSource::Plugin(context("/plugin")));
        let dockerfile = "FROM x".to_owned();
        check(false, false, false, &ImageSource::Provider { dockerfile });
    }
}
