/** Cases that packages of one buildpack or extension do not cover, by the reason they wait for. */
export const laterCases: Readonly<Record<string, readonly string[]>> = {
  'composites: dependencies from folders, archives, files and registries': [
    'composite-dep-no-arch',
    'composite-dependency-twice',
    'composite-image-key',
    'composite-image-key-targets',
    'composite-index-lacks-target',
    'composite-indexes',
    'composite-indexes-docker-scheme',
    'composite-local-multi-platform',
    'composite-nested-local',
    'composite-nested-registry',
    'composite-no-package-toml',
    'composite-order-no-version',
    'composite-other-cwd',
    'composite-stacks-disjoint',
    'composite-stacks-merge',
    'composite-two-local',
    'composite-two-versions',
    'composite-unlisted-dependency',
    'composite-unused-dependency',
    'composite-wrong-platform',
  ],
  'flatten: one layer for several modules': ['flatten', 'flatten-exclude', 'flatten-exclude-bad', 'flatten-two-versions'],
  'buildpackage files': ['cnb-dependency', 'cnb-file', 'cnb-file-targets', 'cnb-file-variant-config', 'cnb-file-variants'],
}

/** Refused inputs, and what the error has to name: a refusal for another reason is no pass. */
export const refusals: Readonly<Record<string, RegExp>> = {
  'api-garbage': /buildpack\.toml:\d+:\d+: api: /,
  'config-no-uri': /as package\.toml says\n.*\[buildpack\] uri/,
  'config-platform-os-bad': /package\.toml:\d+:\d+: platform\.os: .*darwin/,
  'config-unknown-key': /package\.toml:\d+:\d+: /,
  'config-uri-and-image': /package\.toml:\d+:\d+: dependencies\[0\]/,
  'config-uri-missing-folder': /nothing-here/,
  'distro-no-name': /linux\/amd64:@22\.04/,
  'distro-two-versions-flag': /ubuntu@22\.04@24\.04/,
  'extension-id-missing': /extension\.toml:\d+:\d+: extension\.id/,
  'id-missing': /buildpack\.toml:\d+:\d+: buildpack\.id/,
  'order-and-stacks': /buildpack\.toml:\d+:\d+: (order|stacks)/,
  'order-and-targets': /buildpack\.toml:\d+:\d+: (order|targets)/,
  'target-darwin': /darwin/,
  'target-flag-os-only': /"linux".*architecture/s,
  'target-second-fails': /darwin/,
  'target-unknown-arch': /quantum/,
  'target-unknown-os': /beos/,
  'target-unknown-variant': /v9/,
  'toml-broken': /buildpack\.toml:\d+:\d+/,
  'toml-missing': /buildpack\.toml/,
  'toml-wrong-type': /buildpack\.toml:\d+:\d+: buildpack\.version/,
  'version-missing': /buildpack\.toml:\d+:\d+: buildpack\.version/,
}

/** Cases that succeed with a word of warning on stderr. */
export const warnings: Readonly<Record<string, RegExp>> = {
  'bin-bat-for-linux': /bin\/build|bin\/detect/,
  'bin-missing': /bin\/build|bin\/detect/,
  'config-platform-os': /platform/,
  'config-platform-os-clash': /platform/,
  'target-none': /target/,
  'unknown-keys': /buildpack\.toml:\d+:\d+: /,
}
