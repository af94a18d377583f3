/** Something that looks like a secret; never its value. */
export interface SecretSign {
  readonly rule: string
  readonly what: string
}

/** The format of a secret, as its maker documents it or as it is well known. */
export interface SecretFormat extends SecretSign {
  readonly text: RegExp
}

// Prefixes that their makers document so that scanners can find them; GitHub keeps a list of those it knows, with links
// to their makers: https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
// A word boundary before each keeps the search from starting inside longer words, and no pattern can match the same text
// in two ways.

/** Formats of keys, tokens and passwords that are told by their look alone. Without the flags `g` and `y`. */
export const secretFormats: readonly SecretFormat[] = [
  {
    // With key material behind it: programs name the header line, too.
    rule: 'private-key',
    what: 'private key',
    text: /-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:\r?\n|\\n)(?:[\w-]+: [^\r\n]*\r?\n)*(?:\r?\n)?[A-Za-z0-9+/=]{40}/,
  },
  { rule: 'aws-access-key', what: 'AWS access key', text: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b(?<!EXAMPLE)/ },
  {
    rule: 'aws-secret-key',
    what: 'AWS secret key',
    text: /aws_?secret_?access_?key["']?\s{0,4}[=:]\s{0,4}["']?(?![A-Za-z0-9/+]{30,33}EXAMPLE)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/i,
  },
  { rule: 'github-token', what: 'GitHub token', text: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82})\b/ },
  { rule: 'gitlab-token', what: 'GitLab token', text: /\bglpat-[\w-]{20}/ },
  { rule: 'hugging-face-token', what: 'Hugging Face token', text: /\bhf_[A-Za-z]{34}\b/ },
  {
    rule: 'openai-key',
    what: 'OpenAI key',
    text: /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9]{20,74}T3BlbkFJ[A-Za-z0-9]{20}/,
  },
  { rule: 'openai-key', what: 'OpenAI key', text: /\bsk-(?:proj|svcacct|admin)-[\w-]{58,}/ },
  { rule: 'anthropic-key', what: 'Anthropic key', text: /\bsk-ant-[a-z0-9]{3,8}-[\w-]{40,}/ },
  { rule: 'slack-token', what: 'Slack token', text: /\bxox[abeoprs]-\d[\w-]{20,}/ },
  { rule: 'stripe-key', what: 'Stripe key', text: /\b[rs]k_live_[A-Za-z0-9]{20,}/ },
  { rule: 'google-key', what: 'Google API key', text: /\bAIza[\w-]{35}(?![\w-])/ },
  {
    rule: 'google-service-account',
    what: 'Google service account',
    text: /"type"\s{0,4}:\s{0,4}"service_account"/,
  },
  { rule: 'npm-token', what: 'npm token', text: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { rule: 'npm-token', what: 'npm token', text: /:_(?:authToken|auth|password)\s?=\s?(?!\$\{)[^\s$]{8,}/ },
  { rule: 'pypi-token', what: 'PyPI token', text: /\bpypi-AgE[A-Za-z0-9_-]{50,}/ },
  {
    rule: 'url-password',
    what: 'password in an address',
    text: /\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|redis|rediss|amqps?)(?:\+\w+)?:\/\/[^\s:@/"'<>${}]*:(?!(?:password|pass|secret|pw|xxx+|\*+)@)[^\s:@/"'<>${}]{4,}@/i,
  },
  { rule: 'twilio-key', what: 'Twilio API key', text: /\bSK[0-9a-f]{32}\b/ },
  { rule: 'sendgrid-key', what: 'SendGrid key', text: /\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])/ },
  { rule: 'mailgun-key', what: 'Mailgun key', text: /\bkey-[0-9a-f]{32}\b/ },
  { rule: 'digitalocean-token', what: 'DigitalOcean token', text: /\bdo[opr]_v1_[0-9a-f]{64}\b/ },
  { rule: 'shopify-token', what: 'Shopify token', text: /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b/ },
  { rule: 'vault-token', what: 'HashiCorp Vault token', text: /\bhv[bs]\.[\w-]{24,}/ },
  { rule: 'databricks-token', what: 'Databricks token', text: /\bdapi[0-9a-f]{32}\b/ },
  { rule: 'docker-token', what: 'Docker access token', text: /\bdckr_(?:pat|oat)_[\w-]{27,}/ },
  { rule: 'grafana-token', what: 'Grafana token', text: /\bglsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}\b/ },
  { rule: 'telegram-token', what: 'Telegram bot token', text: /\b\d{8,10}:AA[\w-]{33}(?![\w-])/ },
  {
    rule: 'azure-storage-key',
    what: 'Azure storage key',
    text: /\bAccountKey=[A-Za-z0-9+/]{86}==/,
  },
  { rule: 'groq-key', what: 'Groq key', text: /\bgsk_[A-Za-z0-9]{52}\b/ },
  { rule: 'replicate-token', what: 'Replicate token', text: /\br8_[A-Za-z0-9]{37}\b/ },
  { rule: 'linear-key', what: 'Linear key', text: /\blin_api_[A-Za-z0-9]{40}\b/ },
  { rule: 'newrelic-key', what: 'New Relic key', text: /\bNRAK-[A-Z0-9]{27}\b/ },
  { rule: 'sentry-token', what: 'Sentry token', text: /\bsntry[su]_[A-Za-z0-9+/=_]{40,}/ },
]
