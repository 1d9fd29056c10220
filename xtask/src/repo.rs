//! Where things are: the repository, its build folder and its packages, as cargo itself sees them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::process::{capture, cargo};

/// Folders that hold nothing of ours; in a further worktree `.git` is a file.
const FOREIGN: &[&str] = &["target", ".git", "runs", "node_modules"];

/// The checkout that `cargo xtask` was started in.
#[derive(Debug)]
pub(crate) struct Repo {
    /// Folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's build folder (it may lie elsewhere).
    pub(crate) target: PathBuf,
    /// Workspace members as `cargo metadata` prints them.
    pub(crate) packages: Vec<Value>,
}

impl Repo {
    /// Asks cargo about the workspace around the current folder.
    pub(crate) fn find() -> Outcome<Self> {
        let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
        let text = capture(&mut cargo(Path::new("."), &args))?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("cargo metadata printed no JSON: {error}")))?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| Failure::new(format!("cargo metadata has no `{key}`")))
        };
        let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, packages })
    }

    /// The release build of the product's binary.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("release").join("backstop")
    }

    /// The development build of the product's binary, which the tests build.
    pub(crate) fn development(&self) -> PathBuf {
        self.target.join("debug").join("backstop")
    }

    /// An empty folder of our own under the build folder; it stays after the run, to be looked at.
    pub(crate) fn scratch(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        }
        fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        Ok(folder)
    }

    /// Every file of the checkout, as paths relative to its root with `/`, sorted.
    pub(crate) fn files(&self) -> Outcome<Vec<String>> {
        let mut found = Vec::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| at(&folder, &error))? {
                let path = entry.map_err(|error| at(&folder, &error))?.path();
                // In a second checkout `.git` is a file.
                match path.is_dir() {
                    _ if is_foreign(&path) => {}
                    true => open.push(path),
                    false => found.extend(relative(&self.root, &path)),
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Files directly in `folder` with the extension `extension`, sorted; none when it is absent.
    pub(crate) fn list(&self, folder: &str, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension() == Some(OsStr::new(extension)))
            .collect();
        paths.sort();
        paths
    }
}

/// A failure of the file system at `path`.
pub(crate) fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

fn is_foreign(path: &Path) -> bool {
    path.file_name().is_some_and(|name| FOREIGN.iter().any(|foreign| name == *foreign))
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> =
        inside.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_this_workspace() {
        let repo = Repo::find().unwrap();
        assert!(repo.packages.iter().any(|package| package["name"] == "xtask"));
        let files = repo.files().unwrap();
        assert!(files.iter().any(|file| file == "xtask/src/repo.rs"), "{files:?}");
        assert!(!files.iter().any(|file| file.starts_with("target/")));
    }
}
