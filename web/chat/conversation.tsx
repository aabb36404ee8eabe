import type { JSX } from 'preact'
import { useValue } from '../base/use-value.ts'
import { can, chooseModel, modelsOf, talkative } from '../models/model-list.ts'
import { currentRoute, goTo } from '../shell/navigation.ts'
import { useServices } from '../shell/services.ts'
import { CallAnswers } from './call-answers.tsx'
import { Composer } from './composer.tsx'
import { QuestionView } from './question-view.tsx'
import { ReplyView } from './reply-view.tsx'
import { SettingsPanel } from './settings-panel.tsx'
import { openCalls, type Talk, type TalkImage } from './talk.ts'
import { TalkHeader } from './talk-header.tsx'
import { ToolResultView } from './tool-calls.tsx'
import { useFollowing } from './use-following.ts'

export function Conversation({ talk }: { talk: Talk }): JSX.Element {
  const { talks, models, keepSettings } = useServices()
  const list = useValue(models.list)
  const choices = talkative(modelsOf(list))
  // A talk that has begun keeps its model, even one that is gone; a new one begins with one that is there.
  const isFresh = talk.turns.length === 0 && list.kind === 'read'
  const chosen = chooseModel(choices, talk.settings.model) ?? (isFresh ? choices[0] : undefined)
  const settings = chosen && chosen.name !== talk.settings.model ? { ...talk.settings, model: chosen.name } : talk.settings
  const { id, turns } = talk
  const last = turns.at(-1)
  const isRunning = last?.kind === 'reply' && last.state === 'running'
  const follow = useFollowing(turns)
  const change = (next: typeof settings) => {
    keepSettings(next)
    talks.change(id, next)
  }
  const ask = (text: string, images: TalkImage[]) => {
    if (settings !== talk.settings) change(settings)
    void talks.ask(id, { text, images })
    if (currentRoute.value.page === 'chat' && currentRoute.value.talk === undefined) goTo({ page: 'chat', talk: id }, 'replace')
  }
  const lastQuestion = turns.findLastIndex(({ kind }) => kind === 'question')
  const lastReply = turns.findLastIndex(({ kind }) => kind === 'reply')
  const calls = openCalls(turns)
  return (
    <>
      <TalkHeader talk={talk} choices={choices} settings={settings} list={list} onChange={change} />
      <SettingsPanel settings={settings} canThink={can(chosen, 'thinking')} canCall={can(chosen, 'tools')} onChange={change} />
      <div class="turns" ref={follow} tabIndex={0} role="log" aria-label="Talk" aria-live="off">
        {turns.length === 0 && <Beginning hasModels={choices.length > 0} isRead={list.kind === 'read'} />}
        {turns.map((turn, place) => {
          if (turn.kind === 'question')
            return (
              <QuestionView
                key={place}
                question={turn}
                {...(place === lastQuestion && !isRunning ? { onEdit: (text: string) => void talks.askInstead(id, text) } : {})}
              />
            )
          if (turn.kind === 'tool-result') return <ToolResultView key={place} result={turn} />
          const isLast = place === lastReply && place === turns.length - 1
          return <ReplyView key={place} reply={turn} {...(isLast && !isRunning ? { onAgain: () => void talks.askAgain(id) } : {})} />
        })}
        {calls.length > 0 && !isRunning && (
          <CallAnswers key={lastReply} calls={calls} onAnswer={(results) => void talks.answerCall(id, results)} />
        )}
      </div>
      <Composer
        isRunning={isRunning}
        canSee={can(chosen, 'vision')}
        hasModel={settings.model !== ''}
        onAsk={ask}
        onStop={() => talks.stop(id)}
      />
    </>
  )
}

function Beginning({ hasModels, isRead }: { hasModels: boolean; isRead: boolean }): JSX.Element | null {
  if (!isRead) return null
  return (
    <div class="beginning">
      {hasModels ? (
        <p>Ask something. What is said here is kept by this browser and by nobody else.</p>
      ) : (
        <p>
          There is no model to talk to yet. <a href="#/models">Pull one</a> first, for example <code>smollm2</code>.
        </p>
      )}
    </div>
  )
}
