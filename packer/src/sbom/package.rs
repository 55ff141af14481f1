//! A package as its dist-info describes it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use mailparse::{MailHeader, MailHeaderMap};

use super::contents::{Contents, DistInfo};
use super::license::{self, License};
use crate::packages::digest;

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name, not normalized.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its description in one line.
    pub(crate) summary: Option<String>,
    /// Its author.
    pub(crate) author: Option<String>,
    /// Its licences; empty when it names none.
    pub(crate) licenses: Vec<License>,
    /// Its licence files, relative to its dist-info.
    pub(crate) license_files: Vec<String>,
    /// Its web pages: the kind of reference in CycloneDX, and the URL.
    pub(crate) links: Vec<(&'static str, String)>,
    /// `Requires-Dist`, not parsed.
    pub(crate) requires: Vec<String>,
    /// See [`crate::packages::digest`].
    pub(crate) digest: String,
    /// Its files, by their paths in the deps layer.
    pub(crate) files: Vec<String>,
}

/// Every package of the deps layer, sorted by name.
///
/// # Errors
/// When a dist-info can't be read.
pub(crate) fn packages(contents: &Contents, site_packages: &str) -> Result<Vec<Package>> {
    let mut packages = contents
        .dist_infos
        .iter()
        .map(|(directory, info)| {
            package(directory, info, site_packages).with_context(|| format!("failed to read `{directory}`"))
        })
        .collect::<Result<Vec<_>>>()?;
    packages.sort_by_key(|package| {
        let name = crate::packages::metadata::normalized(&package.name);
        (name, package.version.clone())
    });
    Ok(packages)
}

fn package(directory: &str, info: &DistInfo, site_packages: &str) -> Result<Package> {
    let (headers, _) = mailparse::parse_headers(&info.metadata)?;
    let one = |name| headers.get_first_value(name).filter(|text| is_given(text));
    let all = |name: &str| -> Vec<String> {
        headers
            .get_all_values(name)
            .into_iter()
            .filter(|text| is_given(text))
            .collect()
    };
    // Without METADATA only the name of the directory is known.
    let stem = directory.strip_suffix(".dist-info").unwrap_or(directory);
    let (stem_name, stem_version) = stem.split_once('-').unwrap_or((stem, ""));
    Ok(Package {
        name: one("Name").unwrap_or_else(|| stem_name.to_owned()),
        version: one("Version").unwrap_or_else(|| stem_version.to_owned()),
        summary: one("Summary").map(|text| one_line(&text)),
        author: one("Author")
            .or_else(|| one("Author-email"))
            .map(|text| one_line(&text)),
        licenses: license::decide(
            one("License-Expression").as_deref(),
            one("License").as_deref(),
            &all("Classifier"),
        ),
        license_files: all("License-File"),
        links: links(&headers),
        requires: all("Requires-Dist"),
        digest: digest::of_record(&info.record)?,
        files: digest::files(&info.record, site_packages)?,
    })
}

fn is_given(text: &str) -> bool {
    !text.trim().is_empty() && text.trim() != "UNKNOWN"
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn links(headers: &[MailHeader<'_>]) -> Vec<(&'static str, String)> {
    let mut links = Vec::new();
    let mut seen = BTreeSet::new();
    let mut put = |kind, url: &str| {
        let link = (kind, url.trim().to_owned());
        if is_url(&link.1) && seen.insert(link.clone()) {
            links.push(link);
        }
    };
    if let Some(url) = headers.get_first_value("Home-page") {
        put("website", &url);
    }
    for line in headers.get_all_values("Project-URL") {
        if let Some((label, url)) = line.split_once(',') {
            put(kind_of_link(label), url);
        }
    }
    if let Some(url) = headers.get_first_value("Download-URL") {
        put("distribution", &url);
    }
    links
}

/// Labels are free text; these are the well-known ones
/// (<https://packaging.python.org/en/latest/specifications/well-known-project-urls/>).
fn kind_of_link(label: &str) -> &'static str {
    let letters: String = label
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    match letters.as_str() {
        "homepage" | "home" => "website",
        "source" | "sourcecode" | "repository" | "github" | "code" => "vcs",
        "documentation" | "docs" => "documentation",
        "issues" | "bugs" | "issue" | "bugtracker" | "issuetracker" | "tracker" | "bugreports" => {
            "issue-tracker"
        }
        "changelog" | "changes" | "releasenotes" | "whatsnew" | "history" => "release-notes",
        "download" => "distribution",
        _ => "other",
    }
}

/// Whether `text` is an HTTP URL that fits `iri-reference` of the document's schema.
fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain) && rest.matches('#').count() < 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_what_its_dist_info_says() {
        let mut contents = Contents::default();
        let metadata = "Metadata-Version: 2.4\nName: Demo.Thing\nVersion: 2.0\nSummary: Größe of\n  things\n\
                        License: MIT\nLicense-File: LICENSE\nHome-page: https://a.example/\nProject-URL: Bug Tracker, https://a.example/bugs\n\
                        Project-URL: Odd, javascript:alert(1)\nRequires-Dist: six>=1\nAuthor: UNKNOWN\n\nLicense: not this\n";
        let info = DistInfo {
            metadata: metadata.as_bytes().to_vec(),
            record: b"demo.py,sha256=x,1\n".to_vec(),
        };
        contents
            .dist_infos
            .insert("Demo.Thing-2.0.dist-info".to_owned(), info);
        contents
            .dist_infos
            .insert("bare-1.dist-info".to_owned(), DistInfo::default());
        let found = packages(&contents, "lib/site").unwrap();
        assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("bare", "1"));
        assert!(found[0].licenses.is_empty());
        let demo = &found[1];
        assert_eq!(demo.name, "Demo.Thing");
        assert_eq!(demo.summary.as_deref(), Some("Größe of things"));
        assert_eq!(demo.author, None);
        assert_eq!(demo.licenses, [License::Id("MIT")]);
        assert_eq!(
            demo.links,
            [
                ("website", "https://a.example/".to_owned()),
                ("issue-tracker", "https://a.example/bugs".to_owned())
            ]
        );
        assert_eq!(demo.files, ["lib/site/demo.py"]);
    }

    #[test]
    fn many_links_take_time_in_proportion() {
        let line = |at: usize| format!("Project-URL: a,http://h/{at}\n");
        let metadata: String = (0..100_000).map(line).collect();
        let info = DistInfo {
            metadata: format!("Name: many\nVersion: 1\n{metadata}\n").into_bytes(),
            record: Vec::new(),
        };
        let mut contents = Contents::default();
        contents.dist_infos.insert("many-1.dist-info".to_owned(), info);
        assert_eq!(packages(&contents, "lib/site").unwrap()[0].links.len(), 100_000);
    }
}
