//! `trimtab crds`: the CustomResourceDefinitions as files.

use anyhow::Context;

use crate::cli::CrdsArgs;

/// Writes them.
pub fn main(args: &CrdsArgs) -> anyhow::Result<()> {
    let files = trimtab_api::crds::render()?;
    let Some(directory) = &args.output else {
        for (_, text) in files {
            print!("---\n{text}");
        }
        return Ok(());
    };
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
