import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { CheckBody } from '../../src/api/maintenance.ts'
import { toFailure } from '../api/failure.ts'
import { useServices } from '../shell/services.ts'

type Examination =
  | { kind: 'none' }
  | { kind: 'running' }
  | { kind: 'done'; checks: readonly CheckBody[] }
  | { kind: 'failed'; message: string }

const LEVELS = { ok: 'good', warn: 'worth a look', fail: 'broken' } as const

/** The server's own examination of its machine, as `llamero doctor` shows it. */
export function Doctor(): JSX.Element {
  const { server } = useServices()
  const [examination, setExamination] = useState<Examination>({ kind: 'none' })
  const examine = async () => {
    setExamination({ kind: 'running' })
    const outcome = await server.doctor().then(
      ({ checks }): Examination => ({ kind: 'done', checks }),
      (error: unknown): Examination => ({ kind: 'failed', message: toFailure(error).message }),
    )
    setExamination(outcome)
  }
  return (
    <section aria-labelledby="doctor" aria-busy={examination.kind === 'running'}>
      <h2 id="doctor">Is all well?</h2>
      <button type="button" class="act" disabled={examination.kind === 'running'} onClick={() => void examine()}>
        {examination.kind === 'running' ? 'Examining…' : 'Examine this machine'}
      </button>
      {examination.kind === 'failed' && (
        <p class="failure" role="alert">
          {examination.message}
        </p>
      )}
      {examination.kind === 'done' && (
        <ul class="checks">
          {examination.checks.map(({ name, level, text, advice }) => (
            <li key={name} class={level}>
              <strong>{name}</strong> <span class="badge">{LEVELS[level]}</span>
              <div>{text}</div>
              {advice && <div class="hint">{advice}</div>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
