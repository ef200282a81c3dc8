/** How the service is set up, for the console. Contains no secret. */
export interface Setup {
  /** Whether the embedded stand-in model answers. */
  readonly standInModel: boolean;
  /** Whether webhooks need Twilio's signature. */
  readonly signatureRequired: boolean;
  /** Whether the console needs `ADMIN_TOKEN`. */
  readonly signInRequired: boolean;
  readonly publicUrl: string;
  /** The words that start a command on the service's machine, such as `deno task`. */
  readonly command: string;
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
