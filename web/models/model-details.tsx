import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ShowResponseBody } from '../../src/api/models.ts'
import { toFailure } from '../api/failure.ts'
import { formatCount } from '../base/format.ts'
import { CopyButton } from '../shell/copy-button.tsx'
import { toHash } from '../shell/route.ts'
import { useServices } from '../shell/services.ts'
import { Capabilities } from './model-row.tsx'

export function ModelDetails({ model }: { model: string }): JSX.Element {
  const { server } = useServices()
  const [shown, setShown] = useState<ShowResponseBody | undefined>(undefined)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    server.show(model).then(setShown, (error: unknown) => setFailure(toFailure(error).message))
  }, [server, model])
  return (
    <>
      <p>
        <a href={toHash({ page: 'models' })}>All models</a>
      </p>
      <h1 class="name">{model}</h1>
      {failure !== '' && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {!shown && failure === '' && <p class="hint">Asking…</p>}
      {shown && <Description shown={shown} />}
    </>
  )
}

function Description({ shown }: { shown: ShowResponseBody }): JSX.Element {
  const { details, capabilities = [], modified_at: modified } = shown
  const facts: [string, string | undefined][] = [
    ['Family', details.family],
    ['Parameters', details.parameter_size],
    ['Quantization', details.quantization_level],
    ['Format', details.format],
    ['Made from', details.parent_model],
    ['Longest context', tokensOf(shown)],
    ['Changed', new Date(modified).toLocaleString()],
  ]
  return (
    <>
      <Capabilities names={capabilities} />
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <Text title="System prompt" text={shown.system} isOpen />
      <Text title="Parameters" text={shown.parameters} isOpen />
      <Text title="Template" text={shown.template} />
      <Text title="Modelfile" text={shown.modelfile} />
      <Text title="Licence" text={shown.license} />
    </>
  )
}

function tokensOf({ model_info: info }: ShowResponseBody): string | undefined {
  const [, length] = Object.entries(info ?? {}).find(([name]) => name.endsWith('.context_length')) ?? []
  return typeof length === 'number' ? `${formatCount(length)} tokens` : undefined
}

function Text({ title, text, isOpen = false }: { title: string; text: string | undefined; isOpen?: boolean }): JSX.Element | null {
  if (!text) return null
  return (
    <details class="text" open={isOpen}>
      <summary>{title}</summary>
      <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />
      <pre tabIndex={0}>{text}</pre>
    </details>
  )
}
