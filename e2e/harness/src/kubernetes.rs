//! Which Kubernetes a control plane is.
//!
//! In: a choice, or the environment. Out: the program, and flags of its components.
//!
//! The test bed is built of one release. The same program can show the APIs and features of an older one, which costs
//! nothing more but has the code of the newer. `e2e/versions.sh` builds the components of other releases.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::paths;

/// A Kubernetes release, and how it comes about.
#[derive(Debug, Clone, Default)]
pub enum Kubernetes {
    /// That of `e2e/plane`.
    #[default]
    Own,
    /// That of `e2e/plane` with the APIs and features of an older one, such as `1.33`: at most three before it.
    Emulated(String),
    /// Another release, such as `1.34.4`.
    Real {
        /// The program with its components.
        program: PathBuf,
        /// The release.
        version: String,
    },
}

impl Kubernetes {
    /// The one that `TRIMTAB_PLANE` (a program, or the directory of `plane`) and `TRIMTAB_PLANE_VERSION` name;
    /// `otherwise` without them.
    ///
    /// # Errors
    /// When only one of the two is set, or there is no such program.
    pub fn from_environment(otherwise: Self) -> Result<Self> {
        let named = (std::env::var_os("TRIMTAB_PLANE"), std::env::var("TRIMTAB_PLANE_VERSION").ok());
        match named {
            (None, None) => Ok(otherwise),
            (Some(path), Some(version)) => {
                let path = PathBuf::from(path);
                let program = if path.is_dir() { path.join("plane") } else { path };
                ensure!(program.is_file(), "TRIMTAB_PLANE: {} is no file", program.display());
                Ok(Self::Real { program, version })
            }
            _ => bail!("TRIMTAB_PLANE and TRIMTAB_PLANE_VERSION belong together, and only one of them is set"),
        }
    }

    /// The release that it is or shows; `None` for that of the test bed.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Emulated(version) | Self::Real { version, .. } => Some(version),
        }
    }

    /// The program with its components.
    ///
    /// # Errors
    /// As [`paths::plane_bin`].
    pub(crate) fn program(&self) -> Result<PathBuf> {
        match self {
            Self::Own | Self::Emulated(_) => paths::plane_bin(),
            Self::Real { program, .. } => Ok(program.clone()),
        }
    }

    /// Whether its components are processes of their own: those of one process share their features and their version,
    /// and other releases have been built for that alone.
    pub(crate) fn is_spread(&self) -> bool {
        !matches!(self, Self::Own)
    }

    /// Flags of all its components.
    pub(crate) fn flags(&self) -> Vec<String> {
        match self {
            Self::Emulated(version) => vec![format!("--emulated-version={version}")],
            Self::Own | Self::Real { .. } => Vec::new(),
        }
    }

    /// Flags of its API server alone.
    ///
    /// # Errors
    /// When the version is no number and a number.
    pub(crate) fn apiserver_flags(&self) -> Result<Vec<String>> {
        let mut flags = self.flags();
        // Simulated kubelets say by `status.observedGeneration` of a pod that they have seen a resize. Before 1.34 it
        // is an alpha feature; a kubelet of 1.33 does without, and so does Trimtab.
        if self.version().map(minor).transpose()?.is_some_and(|minor| minor < 34) {
            flags.push("--feature-gates=PodObservedGenerationTracking=true".to_owned());
        }
        Ok(flags)
    }
}

/// The second number of a version.
fn minor(version: &str) -> Result<u32> {
    let number = version.split('.').nth(1).and_then(|number| number.parse().ok());
    number.with_context(|| format!("{version} is no version of Kubernetes, as 1.34.4 is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_release_needs_is_asked_of_it() -> Result<()> {
        let gate = "--feature-gates=PodObservedGenerationTracking=true";
        let emulated = Kubernetes::Emulated("1.33".to_owned());
        assert_eq!(emulated.apiserver_flags()?, ["--emulated-version=1.33", gate]);
        assert_eq!(emulated.flags(), ["--emulated-version=1.33"]);
        let real = |version: &str| Kubernetes::Real { program: PathBuf::from("plane"), version: version.to_owned() };
        assert_eq!(real("1.33.9").apiserver_flags()?, [gate]);
        assert!(real("1.34.4").apiserver_flags()?.is_empty() && Kubernetes::Own.apiserver_flags()?.is_empty());
        assert!(real("v1").apiserver_flags().is_err());
        Ok(())
    }
}
