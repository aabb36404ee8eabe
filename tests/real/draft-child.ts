// A model and its draft over the real engine, by a clock on which steps cost nothing, so that guessing always seems to pay. Reads a question as JSON
// from standard input and answers with the texts, the steps that they took and how often a guess was right.

import { text } from 'node:stream/consumers'
import { DraftModel } from '../../src/runner/child/draft-model.ts'
import { DraftPlan } from '../../src/runner/child/draft-plan.ts'
import { createLlamaEngine } from '../../src/runner/child/llama/engine.ts'
import { Loop } from '../../src/runner/child/loop.ts'
import type { CompletionRequest, LoadSpec, ToParent } from '../../src/runner/protocol.ts'
import { fixedGovernor } from '../../src/runner/testing/fixed-governor.ts'

export interface DraftQuestion {
  spec: LoadSpec
  requests: readonly CompletionRequest[]
}

export interface DraftAnswer {
  texts: string[]
  steps: number
  accepted: number
  proposed: number
}

const clock = { monotonicNs: () => 0 }
const { spec, requests } = JSON.parse(await text(process.stdin)) as DraftQuestion
const engine = await createLlamaEngine(spec, 1)
const plan = new DraftPlan()
const answer: DraftAnswer = { texts: requests.map(() => ''), steps: 0, accepted: 0, proposed: 0 }
const learn = plan.learn.bind(plan)
plan.learn = (luck, result) => {
  answer.accepted += result.accepted
  answer.proposed += result.proposed
  learn(luck, result)
}

let growing = Promise.resolve()
const hear = (message: ToParent) => {
  if (message.type === 'grow') growing = Promise.resolve().then(() => loop.answerGrowth(true))
  if (message.type === 'failure') throw new Error(message.failure.message)
  if (message.type !== 'step') return
  for (const { id, chunk } of message.chunks) if (chunk.type === 'text') answer.texts[id] += chunk.text
}
const loop = new Loop({
  engine,
  governor: fixedGovernor(clock),
  clock,
  send: hear,
  speculate: true,
  drafting: spec.draft && { model: openModel(), plan, mostTokens: spec.draft.mostTokens },
})
for (const [id, request] of requests.entries()) loop.submit(id, request)
for (;;) {
  const goesOn = loop.step()
  await growing
  if (goesOn) answer.steps++
  else if (!loop.step()) break
}
process.stdout.write(JSON.stringify(answer))

function openModel(): DraftModel {
  const report = (problem: string) => {
    throw new Error(problem)
  }
  const draft = engine.loadDraft({ modelPath: spec.draft?.modelPath ?? '', mostTokens: 0 })
  return new DraftModel({ engine: draft, vocabularySize: engine.facts.vocabularySize, clock, rounds: plan.rounds, report })
}
