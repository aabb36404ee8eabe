// The draft model of a model that is loaded. A model works as well without one: what is wrong with it is told, and nothing of it stays.

import { writeSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { toAppError } from '../../base/errors.ts'
import { DRAFT_GONE_MARK, DRAFT_MARK, type DraftSpec, type LoadSpec } from '../protocol.ts'
import { DraftModel } from './draft-model.ts'
import { DraftPlan } from './draft-plan.ts'
import type { DraftEngine, Engine } from './engine.ts'
import type { Drafting } from './speculation.ts'

const STANDARD_ERROR = 2

export type OpenedDraft = { drafting?: Drafting; problem?: string }

export function openDraft({ draft }: LoadSpec, engine: Pick<Engine, 'facts'> & { loadDraft(spec: DraftSpec): DraftEngine }): OpenedDraft {
  if (!draft) return {}
  writeSync(STANDARD_ERROR, `${DRAFT_MARK}\n`)
  try {
    const plan = new DraftPlan()
    const { vocabularySize } = engine.facts
    const model = new DraftModel({ engine: engine.loadDraft(draft), vocabularySize, clock: systemClock, rounds: plan.rounds, report })
    return { drafting: { model, plan, mostTokens: draft.mostTokens } }
  } catch (error) {
    writeSync(STANDARD_ERROR, `${DRAFT_GONE_MARK}\n`)
    return { problem: toAppError(error).message }
  }
}

/** Into the engine's log, which the server reads. */
function report(text: string): void {
  writeSync(STANDARD_ERROR, `llamero-runner: ${text}\n`)
}
