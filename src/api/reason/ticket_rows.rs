//! The rows of the table of reasons that a `JiraIssue` carries as a ticket, in the order of its conditions.

/// Puts them between the rows that are given.
macro_rules! with_ticket_rows {
    ($table:ident! { $($before:tt)* } then { $($after:tt)* }) => { $table! {
        $($before)*
        // JiraIssue: Valid
        SpecAccepted [Valid] True Fine:
            "The ticket can be created as its spec wants it.", "", "";
        IntegrationNotFound [Valid] False Wait:
            "The JiraIntegration that spec.integration names does not exist in this namespace.",
            "It was not created yet, was deleted, or the name is mistyped.",
            "Create it, or apply another JiraIssue with the right name; it is noticed at once.";
        TicketsDisabled [Valid] False Stalled:
            "The JiraIntegration lets no ticket be written.",
            "Its spec has no tickets: it reads only.",
            "Set spec.tickets of the JiraIntegration, to {} for all its projects.";
        IntegrationNotReady [Valid] Unknown Wait:
            "The JiraIntegration is not connected, so nothing is sent.",
            "See its conditions.",
            "Fix what the JiraIntegration names; the ticket follows by itself.";
        ProjectNotInScope [Valid] False Stalled:
            "The project is not one in which the JiraIntegration writes tickets; nothing is sent.",
            "spec.tickets.projects or spec.projects of the JiraIntegration does not name it, or the key is mistyped.",
            "Correct spec.project, or name the project in spec.tickets.projects and spec.projects of the JiraIntegration.";
        ProjectBlocked [Valid] Unknown Wait:
            "The account cannot create issues in the project at present, so nothing is sent.",
            "The JiraProject says what is lacking.",
            "Fix what the JiraProject names; the ticket follows by itself.";
        ScopeChanged [Valid] False Stalled:
            "The tickets that are there are found by another scope, so none is created.",
            "spec.tickets.scope of the JiraIntegration was changed, or, where it is left out, the OAuth app.",
            "Set spec.tickets.scope of the JiraIntegration to the former scope: where there was none, the client-id of the former OAuth app.";
        TypeUnknown [Valid] False Stalled:
            "The project has no such issue type that the account can create.",
            "The name is mistyped, in another language than the account's, or the project does not use the type.",
            "Set spec.type to one that the message lists, or to an id as id:10004.";
        RequestTypeUnknown [Valid] False Stalled:
            "The service project has no such request type that the account can use.",
            "The name is mistyped, in another language than the account's, the type is restricted, or the project is no service project.",
            "Set spec.requestType to one that the message lists, or to an id as id:25.";
        RequestTypeRestricted [Valid] False Stalled:
            "The account may not raise requests of this type; nothing was sent, or Jira refused it.",
            "The type is restricted to some people, Customer permissions leave the account out, or its form requires a field that nobody can fill in.",
            "Open the request type to the account in the project's settings under Request types, or set spec.requestType to another one.";
        FormRequired [Valid] False Stalled:
            "Requests of this type are refused until the questions of its form are answered, which a JiraIssue cannot do.",
            "An enforced form is attached to the request type.",
            "Use another request type, or let the form's questions be optional in the project's settings under Forms.";
        FieldUnknown [Valid] False Stalled:
            "spec.fields names a field that cannot be set at creation.",
            "The name is mistyped, the field is not on the create screen or the form, or spec has a field of its own for it.",
            "Correct the name: jira-operator template prints the fields that there are.";
        FieldAmbiguous [Valid] False Stalled:
            "spec.fields names a field by a name that several fields have.",
            "Custom fields may share a name.",
            "Use the id that the message lists, such as customfield_10044.";
        FieldRequired [Valid] False Stalled:
            "The ticket needs fields that the spec does not set; nothing was sent.",
            "The project requires them for this type.",
            "Set the fields that the message names.";
        FieldValueInvalid [Valid] False Stalled:
            "A value in spec.fields is none that its field takes.",
            "It is mistyped, of another kind, or not among the allowed values.",
            "Correct the value as the message says.";
        FieldNotOnScreen [Valid, FieldsApplied] False Stalled:
            "A field cannot be set, because it is not on the create screen.",
            "The project's screen for this type leaves the field out, or the account lacks the permission that shows it.",
            "Take it out of the spec, or have the field added to the create screen of the project.";
        TextTooLong [Valid] False Stalled:
            "A text is longer than Jira takes, or cannot be written in Jira's form; nothing was cut, and nothing sent.",
            "Jira takes 32767 characters of text with its formatting, and 255 of a summary.",
            "Shorten the text, or put a part of it into a comment.";
        // JiraIssue: Created
        TicketCreated [Created] True Fine:
            "The ticket was created.", "", "";
        TicketFound [Created] True Fine:
            "The ticket that an object of this name created before was found, and no other was created.", "", "";
        TicketAdopted [Created] True Fine:
            "The existing ticket that spec.ticket names was taken over.", "", "";
        TicketNotFound [Created] False Stalled:
            "Jira shows the account no issue with the key that spec.ticket names.",
            "The key is mistyped, the issue was deleted, or the account may not see it: Jira answers alike.",
            "Apply another object with the right key, or let the account see the issue; it is noticed when the object changes.";
        AlreadyManaged [Created] False Stalled:
            "The issue is the ticket of another object, so this one does not write it.",
            "Two objects name one ticket, or another cluster created it.",
            "Change the other object instead, or delete it: this one then takes the ticket over, at once when it is changed.";
        DuplicateTicket [Created] False Stalled:
            "Another issue carries the marker of this object's ticket: one creation became two issues.",
            "Jira created the ticket later than it is believed to, or somebody copied the marker.",
            "Delete in Jira the issues that the message names, or set them to done; this object keeps its ticket.";
        TicketGone [Created] False Stalled:
            "Jira does not show the ticket any more, and nothing is created again by itself.",
            "It was deleted, or a security level hides it from the account: Jira answers alike.",
            "For a new ticket delete this object and apply it again; if the ticket is hidden, let the account see it.";
        TicketHidden [Created] False Stalled:
            "The account may not see the ticket, or its project, any more; nothing is created again by itself.",
            "The account lost a role or a permission in the project, or the project was deleted.",
            "Let the account see the project and the ticket; it is noticed within the hour, or when the JiraIntegration is asked to reconcile.";
        TicketArchived [Created] False Stalled:
            "The ticket is archived, alone or with its project; nothing is created again by itself.",
            "Somebody archived it in Jira.",
            "Restore it in Jira to go on with it; for a new ticket delete this object and apply it again, under another name if the archived one is found.";
        Planned [Created, FieldsApplied, PhaseReached, CommentsSent] False Wait:
            "Nothing is sent: status.plan lists what would be.",
            "spec.tickets.dryRun of the JiraIntegration is true, or the object has the annotation jira-operator.dev/plan.",
            "Set dryRun to false, or remove the annotation, to have it sent.";
        CreationPending [Created] Unknown Retry:
            "The ticket is being created.",
            "Jira is being asked, or asked to wait; or the answer to the creation was lost and the ticket is looked for.",
            "It goes on by itself.";
        CreationRefused [Created] False Stalled:
            "Jira refused to create the ticket.",
            "Jira refuses something that its lists of fields do not tell of; the message has its words.",
            "Correct the spec as Jira says.";
        WorkflowRefused [Created] False Stalled:
            "The workflow of the project refuses the ticket; the message has its words.",
            "A validator of the workflow's create transition wants something that the lists of fields do not tell of.",
            "Set what the words ask for in spec.fields, or change the validator in Jira.";
        CreationUncertain [Created] Unknown Stalled:
            "It cannot be told whether an issue in Jira is the ticket of this object, so none is created.",
            "The answer to the creation was lost, and more than one issue looks like it, or another account created it.",
            "Annotate the object with jira-operator.dev/adopt and the key of the issue to take it over, or with jira-operator.dev/create-anyway and the number that the message names to create another.";
        TicketLimitReached [Created] False Wait:
            "As many tickets were created within an hour as spec.tickets.maxPerHour allows.",
            "More objects were applied than expected: a loop, or an alarm storm.",
            "It goes on by itself; raise spec.tickets.maxPerHour of the JiraIntegration if so many are meant.";
        TicketSuspended [Created, FieldsApplied, PhaseReached, CommentsSent] Unknown Wait:
            "spec.suspend is true, so nothing is sent.",
            "A person suspended the object.",
            "Set spec.suspend to false.";
        // JiraIssue: PeopleMatched
        AllMatched [PeopleMatched] True Fine:
            "Everybody whom the spec names was found.", "", "";
        ReporterUnknown [PeopleMatched, Valid] False Stalled {blocks: Nothing}:
            "The reporter has no account that shows the address.",
            "The person has no account on the site, or their profile hides the address.",
            "Set the reporter in Jira; invite the person, or pin them in spec.users of the JiraIntegration, for later tickets.";
        ReporterNotCustomer [PeopleMatched] False Stalled {blocks: Nothing}:
            "The reporter has an account that Jira does not let the request be raised for; a comment names the person.",
            "The person has no access to the portal of the service project.",
            "Give the person access under Customers or People in the project's settings, and set the reporter in Jira.";
        ReporterRefused [PeopleMatched] False Stalled {blocks: Nothing}:
            "Jira does not let the account set this reporter; a comment names the person.",
            "The account lacks Modify reporter, the field is not on the create screen, or in a service project the account is no agent.",
            "Grant the account Modify reporter, or agent access in a service project, and set the reporter in Jira.";
        AssigneeNotAssignable [PeopleMatched] False Stalled {blocks: Nothing}:
            "The ticket cannot be assigned to this person.",
            "The person lacks Assignable user in the project, or the account lacks Assign issues.",
            "Grant the person Assignable user, or the account Assign issues; or assign the ticket in Jira.";
        ParticipantUnknown [PeopleMatched] False Stalled {blocks: Nothing}:
            "A participant has no account that shows the address, or none that may open the portal; the request is without that person.",
            "The person has no account on the site, their profile hides the address, or the service project is closed to them.",
            "Pin the person in spec.users of the JiraIntegration, or give them access to the portal; or add them to the request in Jira.";
        AssigneeUnknown [PeopleMatched] False Stalled {blocks: Nothing}:
            "The assignee has no account that shows the address, so the ticket is assigned to nobody.",
            "The person has no account on the site, or their profile hides the address.",
            "Pin the person in spec.users of the JiraIntegration, or assign the ticket in Jira.";
        NoteRefused [PeopleMatched] False Stalled {blocks: Nothing}:
            "The reporter has no account, and Jira refused the comment that would name the person.",
            "The account is no agent of the service project, or may not comment in the project.",
            "Give the account what Jira's words in the message ask for, or write the comment by hand; a public comment is never made in its place.";
        DirectoryUnavailable [Valid] Unknown Retry:
            "Jira could not be asked who the people of the spec are, so nothing is sent.",
            "An outage at Atlassian, or Jira asked to slow down; or the account lacks the global permission Browse users and groups.",
            "It is tried again by itself; where the message names the permission, give it to the account.";
        // JiraIssue: FieldsApplied
        AsWritten [FieldsApplied] True Fine:
            "The ticket has the fields and links that the spec asks for.", "", "";
        ChangesPending [FieldsApplied, PhaseReached, CommentsSent] Unknown Retry:
            "Something that the spec asks for is still to be written to the ticket.",
            "Jira is being asked, or asked to wait.",
            "It goes on by itself.";
        FieldRefused [FieldsApplied] False Stalled:
            "Jira did not take a field; the ticket is there without it.",
            "The value is none that the field takes, or the account may not set it; the message has Jira's words.",
            "Correct the field in the spec or take it out of it, or set it in Jira.";
        EditedInJira [FieldsApplied] False Stalled:
            "Somebody changed a field in Jira, and the spec says something else since; what Jira has stands.",
            "A person or an automation changed the field after it was written, and then the spec was changed, too.",
            "Let the spec say what Jira has, or change it in Jira to what the spec says, or set spec.policy.onConflict to Overwrite.";
        LinkDenied [FieldsApplied] False Stalled:
            "Jira refused a link of the spec; the ticket is there without it.",
            "The account lacks Link issues in the project, linking is turned off on the site, or the ticket has as many links as Jira allows.",
            "Grant the account Link issues, have linking turned on, or take the link out of spec.links.";
        // JiraIssue: PhaseReached
        Reached [PhaseReached] True Fine:
            "The ticket is where the spec wants it.", "", "";
        MovedOn [PhaseReached] True Fine:
            "The ticket was where the spec wants it, and somebody moved it on since; that stands.",
            "Somebody moved it in Jira, or an automation did; or it was found without its marker, and nothing tells where it was.",
            "To have it moved again, let the spec want something else, or set spec.policy.phase to Keep.";
        PhaseUnknown [PhaseReached] False Stalled:
            "No status of the issue type is the one that the spec wants, or stands for the phase that it wants.",
            "The name is mistyped, or is not the name in the account's language, or spec.statusMapping of the JiraIntegration names no status for the phase.",
            "Set spec.phase or spec.status to one of those that the message names, or map a status to the phase in spec.statusMapping.";
        NoTransition [PhaseReached] False Stalled:
            "From where the ticket is, no transition that the account can make leads where the spec wants it.",
            "The workflow leads there by way of other statuses only, or lets only others make the transition.",
            "Name the way in spec.via, or let spec.phase or spec.status want what can be reached, or move the ticket in Jira.";
        TransitionNeedsFields [PhaseReached] False Stalled:
            "The transition that leads where the spec wants it has a screen with required fields that the spec does not fill.",
            "The workflow asks for them whenever somebody makes the transition.",
            "Set what the message names: spec.resolution for the resolution, spec.fields for others.";
        TransitionConditional [PhaseReached] False Wait:
            "The transition that leads where the spec wants it has a condition that is not met.",
            "An approval is missing, for example, or only somebody in another role may make it.",
            "Meet the condition in Jira; it is tried again by itself.";
        TransitionRefused [PhaseReached] False Stalled:
            "Jira refused the move; the message has its words.",
            "A validator of the workflow wants something that the transition's screen does not tell of, or Jira does not take a value that was sent.",
            "Do what the words ask for, or move the ticket in Jira.";
        KeepSuspended [PhaseReached, FieldsApplied] False Stalled:
            "Somebody moves the ticket away, or changes a field, again and again, so that it is left for now.",
            "An automation rule of the project, or a person, wants something else.",
            "Change the rule, or let the spec want what is wanted in Jira; it is tried again after a day, or when the spec wants something else of it.";
        // JiraIssue: CommentsSent
        AllSent [CommentsSent] True Fine:
            "The ticket has the comments that the spec asks for.", "", "";
        InternalNotPossible [CommentsSent] False Stalled:
            "The ticket cannot have the internal comment that the spec asks for; a public one is never made in its place.",
            "The account is no agent of the service project, or the issue is no request of it.",
            "Make the account an agent of the service project; on an issue that is no request, apply the comment under another name with visibility: Public, or write it in Jira.";
        CommentRefused [CommentsSent] False Stalled:
            "A comment of the spec was not made or changed; the others are.",
            "Its text is blank, or longer than Jira takes, or Jira does not take it; the message has the words.",
            "Correct the text, or take the comment out of spec.comments.";
        CommentLimitReached [CommentsSent] False Stalled:
            "The ticket has as many comments as Jira allows, so no other one is made.",
            "Jira takes 5000 comments of an issue.",
            "Delete comments in Jira, or go on in another ticket.";
        $($after)*
    } };
}
