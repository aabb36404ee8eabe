import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ToolCallBody } from '../../src/api/message.ts'
import type { ToolResult } from './talk.ts'

export interface CallAnswersProps {
  calls: readonly ToolCallBody[]
  onAnswer: (results: ToolResult[]) => void
}

/** The page runs no tools: who talks says what they have answered. */
export function CallAnswers({ calls, onAnswer }: CallAnswersProps): JSX.Element {
  const [texts, setTexts] = useState<readonly string[]>(calls.map(() => ''))
  return (
    <form
      class="turn answers"
      onSubmit={(event) => {
        event.preventDefault()
        onAnswer(calls.map((call, place) => ({ kind: 'tool-result', call, text: texts[place] ?? '' })))
      }}
    >
      {calls.map((call, place) => (
        <label key={place}>
          What {call.function.name} has answered
          <textarea
            rows={2}
            value={texts[place]}
            onInput={(event) => setTexts(texts.map((text, index) => (index === place ? event.currentTarget.value : text)))}
          />
        </label>
      ))}
      <div class="buttons">
        <button type="submit" class="primary">
          Go on with it
        </button>
      </div>
    </form>
  )
}
