// Writes a reply as it arrives: thinking between two marks, text, calls of tools that nobody here has. On a terminal with colours and word
// wrap; into a pipe as the model gave it.

import type { ToolCallBody } from '../../api/message.ts'
import { type CliIo, columnsOf } from '../io.ts'
import { BOLD, greyStyle, PLAIN } from '../terminal/style.ts'
import { createWordWrapper } from '../terminal/word-wrap.ts'

export interface ReplyPiece {
  text: string
  thinking?: string | undefined
  toolCalls?: readonly ToolCallBody[] | undefined
}

export interface ReplyPrinter {
  push(piece: ReplyPiece): void
  /** All that was thought, shown or not. */
  readonly thinking: string
  readonly text: string
}

export function createReplyPrinter(io: CliIo, look: { wordWrap: boolean; hideThinking: boolean }): ReplyPrinter {
  const output = io.stdout
  const styled = output.isTTY === true
  const grey = greyStyle(io.color)
  const style = (codes: string): string => (styled ? codes : '')
  const columns = (): number => columnsOf(output)
  let wrapper = createWordWrapper(columns)
  let thinkingOpen = false
  let thinking = ''
  let text = ''

  const write = (piece: string): void => {
    if (piece !== '') output.write(styled && look.wordWrap ? wrapper.push(piece) : piece)
  }
  const openThinking = (): void => {
    if (thinkingOpen) return
    thinkingOpen = true
    output.write(`${style(grey + BOLD)}Thinking...\n${style(PLAIN + grey)}`)
  }
  const closeThinking = (): void => {
    if (!thinkingOpen) return
    thinkingOpen = false
    output.write(`${thinking.endsWith('\n') ? '' : '\n'}${style(grey + BOLD)}...done thinking.\n\n${style(PLAIN)}`)
    wrapper = createWordWrapper(columns)
  }

  return {
    get thinking() {
      return thinking
    },
    get text() {
      return text
    },
    push(piece) {
      if (piece.thinking) {
        thinking += piece.thinking
        if (!look.hideThinking) {
          openThinking()
          write(piece.thinking)
        }
      }
      const toolCalls = piece.toolCalls ?? []
      if (piece.text !== '' || toolCalls.length > 0) closeThinking()
      text += piece.text
      write(piece.text)
      if (toolCalls.length > 0) output.write(formatToolCalls(toolCalls, style(grey + BOLD), style(PLAIN)))
    },
  }
}

function formatToolCalls(calls: readonly ToolCallBody[], words: string, values: string): string {
  const lines = calls.map((call) => {
    const { name, arguments: given } = call.function
    return `  Model called a non-existent function '${values}${name}${words}()' with arguments: ${values}${JSON.stringify(given)}${words}`
  })
  return words + lines.join('\n') + values
}
