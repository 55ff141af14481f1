//! Settings of pip that say where packages come from, and that uv does not read.

use super::tool::Tool;
use crate::environment::Environment;

/// Settings of pip, and what says the same to uv.
const SETTINGS: &[(&str, &[&str])] = &[
    ("PIP_INDEX_URL", &["UV_DEFAULT_INDEX", "UV_INDEX_URL"]),
    ("PIP_EXTRA_INDEX_URL", &["UV_INDEX", "UV_EXTRA_INDEX_URL"]),
    ("PIP_FIND_LINKS", &["UV_FIND_LINKS"]),
    ("PIP_NO_INDEX", &["UV_NO_INDEX"]),
    ("PIP_CONSTRAINT", &["UV_CONSTRAINT"]),
    ("PIP_TRUSTED_HOST", &["UV_INSECURE_HOST"]),
];

/// A sentence about the settings that are ignored because `tool` is uv; none when uv's own setting is there too.
pub(crate) fn sentence(tool: &Tool, environment: &Environment) -> Option<String> {
    let Tool::Uv(_) = tool else {
        return None;
    };
    let is_set = |name: &&str| environment.get(name).is_some();
    let is_ignored = |(pip, uv): &&(&str, &[&str])| is_set(pip) && !uv.iter().any(&is_set);
    let ignored: Vec<_> = SETTINGS.iter().filter(is_ignored).collect();
    let (first, uv) = ignored.first()?;
    let names: Vec<&str> = ignored.iter().map(|(pip, _)| *pip).collect();
    let uv = uv.first()?;
    Some(match names.len() {
        1 => format!("uv installs the packages and ignores {first}: set {uv} instead"),
        _ => format!(
            "uv installs the packages and ignores {}: set {uv} and others instead",
            names.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_uv_ignores_are_named_once() {
        let said = |tool: &Tool, names: &[&str]| {
            let variables = names.iter().map(|&name| (name.into(), "x".into())).collect();
            let environment = Environment {
                variables,
                ..Environment::default()
            };
            sentence(tool, &environment)
        };
        let uv = Tool::Uv("uv".into());
        assert_eq!(
            said(&uv, &["PIP_INDEX_URL"]).unwrap(),
            "uv installs the packages and ignores PIP_INDEX_URL: set UV_DEFAULT_INDEX instead"
        );
        assert_eq!(
            said(
                &uv,
                &[
                    "PIP_FIND_LINKS",
                    "PIP_INDEX_URL",
                    "UV_DEFAULT_INDEX",
                    "PIP_CONSTRAINT"
                ]
            )
            .unwrap(),
            "uv installs the packages and ignores PIP_FIND_LINKS, PIP_CONSTRAINT: set UV_FIND_LINKS and others instead"
        );
        assert_eq!(said(&uv, &["PIP_INDEX_URL", "UV_DEFAULT_INDEX"]), None);
        assert_eq!(said(&uv, &["PIP_NO_COLOR"]), None);
        assert_eq!(said(&Tool::Pip, &["PIP_INDEX_URL"]), None);
    }
}
