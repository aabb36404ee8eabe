import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import { useDraft } from '../base/use-draft.ts'
import { NUMBER_SETTINGS, type NumberSetting, type TalkSettings, THINK_CHOICES, type ThinkChoice, withNumber } from './settings.ts'

export interface SettingsPanelProps {
  settings: TalkSettings
  canThink: boolean
  canCall: boolean
  onChange: (settings: TalkSettings) => void
}

const THINK_WORDS: Readonly<Record<ThinkChoice, string>> = {
  default: 'as the model likes',
  on: 'yes',
  off: 'no',
  low: 'a little',
  medium: 'moderately',
  high: 'a lot',
}

export function SettingsPanel({ settings, canThink, canCall, onChange }: SettingsPanelProps): JSX.Element {
  const system = useDraft(settings.system, (typed) => onChange({ ...settings, system: typed }))
  const tools = useDraft(settings.tools, (typed) => onChange({ ...settings, tools: typed }))
  return (
    <details class="settings">
      <summary>Settings{describeSettings(settings)}</summary>
      <div class="fields">
        <label class="wide">
          System prompt
          <textarea rows={3} placeholder="what the model itself brings" {...system} />
        </label>
        {(Object.keys(NUMBER_SETTINGS) as NumberSetting[]).map((name) => (
          <NumberField key={name} name={name} settings={settings} onChange={onChange} />
        ))}
        {canThink && (
          <label>
            Thinking
            <select value={settings.think} onChange={(event) => onChange({ ...settings, think: toThinkChoice(event.currentTarget.value) })}>
              {THINK_CHOICES.map((choice) => (
                <option key={choice} value={choice}>
                  {THINK_WORDS[choice]}
                </option>
              ))}
            </select>
          </label>
        )}
        {canCall && (
          <label class="wide">
            Tools (JSON); their results are asked of you
            <textarea
              rows={3}
              spellcheck={false}
              class="mono"
              placeholder='[{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]'
              {...tools}
            />
          </label>
        )}
      </div>
    </details>
  )
}

interface NumberFieldProps {
  name: NumberSetting
  settings: TalkSettings
  onChange: (settings: TalkSettings) => void
}

function NumberField({ name, settings, onChange }: NumberFieldProps): JSX.Element {
  const { label, step, min, hint } = NUMBER_SETTINGS[name]
  const field = useId()
  const about = useId()
  const draft = useDraft(String(settings[name] ?? ''), (typed) => onChange(withNumber(settings, name, typed)))
  return (
    <div>
      <label for={field}>{label}</label>
      <input
        id={field}
        type="number"
        step={step}
        {...(min === undefined ? {} : { min })}
        placeholder="default"
        aria-describedby={about}
        {...draft}
      />
      <span id={about} class="hint">
        {hint}
      </span>
    </div>
  )
}

function toThinkChoice(text: string): ThinkChoice {
  return THINK_CHOICES.find((choice) => choice === text) ?? 'default'
}

/** What is set, while the panel is folded. */
function describeSettings(settings: TalkSettings): string {
  const set = [
    ...(settings.system.trim() === '' ? [] : ['system prompt']),
    ...(Object.keys(NUMBER_SETTINGS) as NumberSetting[])
      .filter((name) => settings[name] !== undefined)
      .map((name) => `${NUMBER_SETTINGS[name].label.toLowerCase()} ${settings[name]}`),
    ...(settings.think === 'default' ? [] : [`thinking: ${THINK_WORDS[settings.think]}`]),
    ...(settings.tools.trim() === '' ? [] : ['tools']),
  ]
  return set.length === 0 ? '' : `: ${set.join(', ')}`
}
