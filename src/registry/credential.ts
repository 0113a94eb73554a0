/** What opens a registry. Exactly one of password, identity token and registry token is there. */
export interface Credentials {
  readonly username?: string
  readonly password?: string
  /** Exchanged at the token service by POST (OAuth 2 refresh token). */
  readonly identityToken?: string
  /** Sent as it is: `Authorization: Bearer ...`. */
  readonly registryToken?: string
  /** For people: which file, helper or variable it came from. Never what it is. */
  readonly source: string
}

export interface CredentialOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  readonly signal?: AbortSignal | undefined
  /** How long a helper may take, which may ask a person; a minute unless told. */
  readonly patienceMs?: number
}
