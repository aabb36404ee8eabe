import type { JSX } from 'preact'
import { CopyButton } from '../shell/copy-button.tsx'

export function CodeBlock({ language, text }: { language: string; text: string }): JSX.Element {
  return (
    <figure class="code">
      <figcaption>
        <span>{language || 'text'}</span>
        <CopyButton text={text} label="Copy code" />
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  )
}
