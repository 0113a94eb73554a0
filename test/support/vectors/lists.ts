/** Cases whose commands cannot be run as they stand, by the reason. */
export const laterCases: Readonly<Record<string, readonly string[]>> = {
  'its first command makes a package without an architecture, which is refused here; composites.test.ts has the case with an image made by hand': ['composite-dep-no-arch'],
}

/** Refused inputs, and what the error has to name: a refusal for another reason is no pass. */
export const refusals: Readonly<Record<string, RegExp>> = {
  'api-garbage': /buildpack\.toml:\d+:\d+: api: /,
  'composite-index-lacks-target': /images for linux\/amd64, linux\/s390x, want one for linux\/arm64/,
  'composite-no-package-toml': /order\[0\]\.group\[0\]: acme\/hello@0\.0\.1 .*\n.*order\[0\]\.group\[1\]: acme\/world@0\.0\.2/,
  'composite-order-no-version': /buildpack\.toml:\d+:\d+: order\[0\]\.group\[0\]\.version/,
  'composite-stacks-disjoint': /acme\/hello@0\.0\.1 \(s1\), acme\/world@0\.0\.2 \(s2\)/,
  'composite-unlisted-dependency': /buildpack\.toml:\d+:\d+: order\[0\]\.group\[1\]: acme\/none@1/,
  'composite-unused-dependency': /package\.toml:\d+:\d+: dependencies.*acme\/world@0\.0\.2/,
  'composite-wrong-platform': /images for linux\/amd64, want one for linux\/arm64/,
  'config-no-uri': /got neither at its top, want buildpack\.toml or extension\.toml\n.*\[buildpack\] uri/,
  'config-platform-os-bad': /package\.toml:\d+:\d+: platform\.os: .*darwin/,
  'config-unknown-key': /package\.toml:\d+:\d+: /,
  'config-uri-and-image': /package\.toml:\d+:\d+: dependencies\[0\]/,
  'config-uri-missing-folder': /nothing-here/,
  'distro-no-name': /linux\/amd64:@22\.04/,
  'distro-two-versions-flag': /ubuntu@22\.04@24\.04/,
  'extension-id-missing': /extension\.toml:\d+:\d+: extension\.id/,
  'flatten-exclude-bad': /--flatten-exclude.*"acme\/hello".*id@version/,
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
