// Programs that can be started over this server's models: those that take all settings from their environment and their words. What keeps its
// settings in files of its own is left alone: this program writes into no other program's configuration.

export interface Integration {
  name: string
  aliases?: readonly string[]
  title: string
  /** The program to start. */
  command: string
  /** Where to get it. */
  url: string
  settings(place: Place): Settings
}

export interface Place {
  /** Of the server, without a slash at the end. */
  url: string
  model: string
  /** Where the server asks for one. */
  key?: string | undefined
}

export interface Settings {
  environment: Readonly<Record<string, string>>
  /** Before the user's own words. */
  words: readonly string[]
}

/** A server without a key takes any; the programs insist on one. */
const ANY_KEY = 'ollama'

export const INTEGRATIONS: readonly Integration[] = [
  {
    name: 'claude',
    title: 'Claude Code',
    command: 'claude',
    url: 'https://code.claude.com/docs/en/quickstart',
    settings: ({ url, model, key = ANY_KEY }) => ({
      environment: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: '',
        ANTHROPIC_AUTH_TOKEN: key,
        ANTHROPIC_DEFAULT_OPUS_MODEL: model,
        ANTHROPIC_DEFAULT_SONNET_MODEL: model,
        ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
        CLAUDE_CODE_SUBAGENT_MODEL: model,
        CLAUDE_CODE_ATTRIBUTION_HEADER: '0',
      },
      words: ['--model', model],
    }),
  },
  {
    name: 'codex',
    title: 'Codex',
    command: 'codex',
    url: 'https://developers.openai.com/codex/cli/',
    settings: ({ url, model, key = ANY_KEY }) => ({
      environment: { OPENAI_API_KEY: key },
      words: [
        ...['model_provider="llamero"', 'model_providers.llamero.name="Llamero"'].flatMap((setting) => ['-c', setting]),
        ...['-c', `model_providers.llamero.base_url=${JSON.stringify(`${url}/v1/`)}`, '-c', 'model_providers.llamero.wire_api="responses"'],
        ...['-m', model],
      ],
    }),
  },
  {
    name: 'opencode',
    title: 'OpenCode',
    command: 'opencode',
    url: 'https://opencode.ai',
    settings: (place) => ({ environment: { OPENCODE_CONFIG_CONTENT: JSON.stringify(openCodeConfig(place)) }, words: [] }),
  },
  {
    name: 'copilot',
    aliases: ['copilot-cli'],
    title: 'Copilot CLI',
    command: 'copilot',
    url: 'https://github.com/features/copilot/cli/',
    settings: ({ url, model, key = '' }) => ({
      environment: {
        COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
        COPILOT_PROVIDER_API_KEY: key,
        COPILOT_PROVIDER_WIRE_API: 'responses',
        COPILOT_MODEL: model,
      },
      words: ['--model', model],
    }),
  },
  {
    name: 'pool',
    title: 'Pool',
    command: 'pool',
    url: 'https://github.com/poolsideai/pool',
    settings: ({ url, model, key = ANY_KEY }) => ({
      environment: { POOLSIDE_STANDALONE_BASE_URL: `${url}/v1`, POOLSIDE_API_KEY: key },
      words: ['-m', model],
    }),
  },
]

/** Known to Ollama; they read their settings from files that it writes for them. */
const WITH_FILES: readonly string[] = [
  ...[
    'claude-desktop',
    'claude-app',
    'cline',
    'chatgpt',
    'codex-app',
    'codex-desktop',
    'codex-gui',
    'droid',
    'dsh',
    'deepseek-harness',
    'hermes',
  ],
  ...['hermes-desktop', 'kimi', 'muse', 'muse-code', 'omp', 'openclaw', 'clawdbot', 'moltbot', 'pi', 'qwen', 'vscode', 'code'],
]

export function findIntegration(name: string): Integration | undefined {
  return INTEGRATIONS.find((each) => each.name === name || each.aliases?.includes(name))
}

export function needsFiles(name: string): boolean {
  return WITH_FILES.includes(name)
}

function openCodeConfig({ url, model, key }: Place): object {
  const provider = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Llamero',
    options: { baseURL: `${url}/v1`, ...(key === undefined ? {} : { apiKey: key }) },
    models: { [model]: { name: model } },
  }
  return { $schema: 'https://opencode.ai/config.json', provider: { llamero: provider }, model: `llamero/${model}` }
}
