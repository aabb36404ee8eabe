// What somebody who hears the page is told in passing. A streamed reply is not read out token by token; that it is finished is said here.

import type { JSX } from 'preact'
import { createState } from '../base/state.ts'
import { useValue } from '../base/use-value.ts'

const message = createState('')

export function announce(text: string): void {
  // The same words again are new ones.
  message.set(message.value === text ? `${text}\u00a0` : text)
}

export function Announcer(): JSX.Element {
  return (
    <div class="off-screen" role="status" aria-live="polite">
      {useValue(message)}
    </div>
  )
}
