/** A model in short, as lists of models show it. */
export interface ModelDetails {
  parent_model: string
  format: string
  family: string
  families: string[] | null
  /** For people: "135M". */
  parameter_size: string
  quantization_level: string
}
