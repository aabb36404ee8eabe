// What a GGUF's chat template lets a model do, read off its text (contract/native.md 4.1).

export interface JinjaCapabilities {
  tools: boolean
  thinking: boolean
}

export function jinjaCapabilities(chatTemplate: string): JinjaCapabilities {
  return { tools: hasTools(chatTemplate), thinking: hasThinking(chatTemplate) }
}

/** Calls of the history and their results have a place in the template, too. */
export function hasToolRoundTrip(chatTemplate: string): boolean {
  const results = ['tool_response', 'tool_results', 'ipython', ...ROLE_COMPARISONS]
  const calls = ['tool_calls', 'assistant_tool_call']
  return hasTools(chatTemplate) && includesAny(chatTemplate, calls) && includesAny(chatTemplate, results)
}

const ROLE_COMPARISONS = [
  `role'] == 'tool'`,
  `role'] == "tool"`,
  `role"] == 'tool'`,
  `role"] == "tool"`,
  `message.role == 'tool'`,
  `message.role == "tool"`,
]

function hasTools(chatTemplate: string): boolean {
  return includesAny(chatTemplate, ['tools', 'tool_call'])
}

function hasThinking(chatTemplate: string): boolean {
  if (chatTemplate.includes('<think>') && chatTemplate.includes('</think>')) return true
  // Qwen's and DeepSeek's templates cut the reasoning out of the history.
  const cutsReasoning = includesAny(chatTemplate, [`content.split('</think>')`, `content.split("</think>")`])
  return cutsReasoning && !includesAny(chatTemplate, ['reasoning_content', '<SPECIAL_12>'])
}

function includesAny(text: string, parts: readonly string[]): boolean {
  return parts.some((part) => text.includes(part))
}
