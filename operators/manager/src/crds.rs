//! `trimtab crds`: the CustomResourceDefinitions as files.

use anyhow::Context;
use trimtab_api::crds;
use trimtab_kubectl::screen;

use crate::cli::CrdsArgs;

/// Writes them.
pub fn main(args: &CrdsArgs) -> anyhow::Result<()> {
    let files = if args.before_1_34 { crds::render_before_1_34()? } else { crds::render()? };
    let Some(directory) = &args.output else {
        let all: String = files.into_iter().map(|(_, text)| format!("---\n{text}")).collect();
        return Ok(screen::answer(&all)?);
    };
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
