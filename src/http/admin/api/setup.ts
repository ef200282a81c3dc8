/** How the service is set up, for the console. Contains no secret. */
export interface Setup {
  /** Whether the embedded stand-in model answers. */
  readonly standInModel: boolean;
  /** Whether webhooks need Twilio's signature. */
  readonly signatureRequired: boolean;
  /** Whether the console needs `ADMIN_TOKEN`. */
  readonly signInRequired: boolean;
  readonly publicUrl: string;
  /** How commands start where this service runs: the binary's name, or the task runner of a checkout. */
  readonly command: "parley" | "deno task";
  /** `TWILIO_PHONE_NUMBER`. */
  readonly phoneNumber?: string;
  /** Whether calls are recorded by default. */
  readonly recording: boolean;
  readonly assistants: readonly { readonly name: string; readonly languages: readonly string[] }[];
  /** Transfer destinations. */
  readonly destinations: readonly {
    readonly name: string;
    readonly number: string;
    readonly about: string;
  }[];
}
