// What a chat template can take, found by rendering small probes and looking for their words in the result. llama.cpp watches which values the
// template touches; this house sees only the text, which tells the same for the templates that are published.

export type JinjaContext = Record<string, unknown>
export type JinjaRender = (context: JinjaContext) => string

export interface JinjaTraits {
  /** False: contents must be lists of parts. */
  textContent: boolean
  systemRole: boolean
  /** False: arguments of tool calls must be JSON text. */
  objectArguments: boolean
  /** What stands around reasoning_content, with its blanks. */
  thinkingTags?: { open: string; close: string }
}

const WORD = 'Qprobe7w'
const KEY = 'qargument3'

export function findJinjaTraits(render: JinjaRender): JinjaTraits {
  const tryRender = (context: JinjaContext): string => {
    try {
      return render({ bos_token: '', eos_token: '', add_generation_prompt: true, ...context })
    } catch {
      // A template that refuses the probe cannot take what it shows.
      return ''
    }
  }
  const shows = (messages: JinjaContext[], context: JinjaContext = {}): boolean => tryRender({ messages, ...context }).includes(WORD)
  const text = shows([{ role: 'user', content: WORD }])
  const parts = !text && shows([{ role: 'user', content: [{ type: 'text', text: WORD }] }])
  const content = (value: string): unknown => (parts ? [{ type: 'text', text: value }] : value)
  const thinkingTags = findThinkingTags(tryRender, content)
  return {
    textContent: !parts,
    systemRole: shows([
      { role: 'system', content: content(WORD) },
      { role: 'user', content: content('hello') },
    ]),
    objectArguments: takesObjectArguments(tryRender, content),
    ...(thinkingTags ? { thinkingTags } : {}),
  }
}

function takesObjectArguments(tryRender: JinjaRender, content: (value: string) => unknown): boolean {
  const tool = {
    type: 'function',
    function: { name: 'lookup', description: 'Looks up', parameters: { type: 'object', properties: { [KEY]: { type: 'string' } } } },
  }
  const call = { id: 'call00001', type: 'function', function: { name: 'lookup', arguments: { [KEY]: WORD } } }
  const messages = [
    { role: 'user', content: content('hello') },
    { role: 'assistant', content: content(''), tool_calls: [call] },
    { role: 'tool', content: content('found'), tool_call_id: 'call00001', name: 'lookup' },
    { role: 'assistant', content: content('It was found.') },
    { role: 'user', content: content('hello') },
  ]
  const prompt = tryRender({ messages, tools: [tool] })
  // An object in Python's spelling means that the template expects text.
  return prompt.includes(WORD) && !prompt.includes(`'${KEY}': '${WORD}'`)
}

function findThinkingTags(tryRender: JinjaRender, content: (value: string) => unknown): { open: string; close: string } | undefined {
  const messages = [
    { role: 'user', content: content('hello') },
    { role: 'assistant', content: content(`${WORD}end`), reasoning_content: `${WORD}start` },
  ]
  const prompt = tryRender({ messages, enable_thinking: true, add_generation_prompt: false })
  const found = new RegExp(`([<[][^<>[\\]]*[>\\]]\\s*)${WORD}start(\\s*[<[]/[^<>[\\]]*[>\\]]\\s*)${WORD}end`).exec(prompt)
  return found ? { open: found[1] ?? '', close: found[2] ?? '' } : undefined
}
